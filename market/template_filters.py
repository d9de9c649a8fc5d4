"""What templates may call: the formatting of values and the texts of events, as filters."""

from __future__ import annotations

import base64

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _

from market import filters
from market.act_summary import consequence_of, summary_of
from market.event_text import (
    act_words,
    actor_words,
    event_details,
    event_sentence,
    label_of,
    notice_hint,
    notice_words,
    one_of,
    role_name,
    task_of,
    tie_names,
)
from market.formatting import (
    bilingual,
    catalogued,
    coverage_words,
    credit_code,
    describe_price,
    describe_result,
    first_input,
    format_days,
    format_instant,
    format_share,
    format_signed_share,
    format_stored_instant,
    format_stored_share,
    format_to_the_millisecond,
    has_file,
    item_name,
    job_words,
    kind_of_file,
    late_words,
    measure_name,
    measure_unit,
    measure_words,
    name_places,
    notice_line,
    part_words,
    person_words,
    plain_mean,
    refused_fields,
    region,
    region_briefly,
    retained_input_text,
    score_mean,
    signed_money,
    stored_problem_text,
    time_left,
    time_limit,
    urgency,
    working_days,
)
from market.options import MOST_TYPED, region_doubt, region_suggestions
from models import money


def register(app: Flask) -> None:
    for word in (
        stored_problem_text,
        describe_result,
        coverage_words,
        format_instant,
        format_stored_instant,
        credit_code,
        format_stored_share,
        format_to_the_millisecond,
        time_left,
        time_limit,
        urgency,
        format_days,
        format_share,
        format_signed_share,
        score_mean,
        plain_mean,
        signed_money,
        part_words,
        person_words,
        describe_price,
        item_name,
        measure_name,
        kind_of_file,
        measure_unit,
        working_days,
        late_words,
        measure_words,
        job_words,
        name_places,
        notice_line,
        bilingual,
        catalogued,
        region,
        region_briefly,
        event_sentence,
        notice_words,
        notice_hint,
        actor_words,
        event_details,
        role_name,
        one_of,
        tie_names,
        has_file,
        kind_of_file,
        refused_fields,
        first_input,
        retained_input_text,
    ):
        app.add_template_filter(word)
    app.add_template_filter(money.show, "money")
    app.add_template_filter(lambda content: base64.b64encode(content).decode(), "base64")
    app.add_template_filter(_, "t")
    app.jinja_env.globals.update(
        label_of=label_of,
        task_of=task_of,
        act_words=act_words,
        summary_of=summary_of,
        consequence_of=consequence_of,
        get_locale=get_locale,
        int_type=int,
    )
    app.jinja_env.globals.update(region_suggestions=region_suggestions, region_doubt=region_doubt)
    app.jinja_env.globals["most_typed"] = MOST_TYPED
    app.jinja_env.globals["wrong_filters"] = filters.wrong
