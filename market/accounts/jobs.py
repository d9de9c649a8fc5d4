"""What letters about accounts say, and the job that writes and sends them.

Whether an address is anybody's is looked up here, where nobody waits.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.actions.confirming import token
from market.channels import channels
from market.chunks import chunk_size, each
from market.demonstration import people
from market.extensions import db
from market.identity import known_to_all
from market.mail import Words
from market.notices import texts
from market.transaction import transaction
from models import clock, letters, sessions
from models.accounts import Organisation, User
from models.authorisations import AUTHORISATION
from models.claims import Claim
from models.failures import Attempt
from models.holders import with_address
from models.i18n import N_
from models.letters import Letter, Reset
from models.sessions import token_hash

RESET_MINUTES = 30
MOST_CLAIMING = 10  # accounts that only claim an address a letter names, the newest


Text = Words | None  # or nothing to send


def _forgotten(session: Session, letter: Letter) -> Text:
    """A way to another password, for whoever has this address.

    The demonstration's passwords are everybody's and stay. Of an address that was not shown to be anybody's,
    a way for each account that claims it, the newest first: a stranger's may be among them, so each is named.
    """
    if letter.address in {email for _role, email in people.ACCOUNTS} or known_to_all(letter.address):
        return None
    found = [each for each in session.scalars(with_address(letter.address)) if not each.awaited]
    if not found:
        return None
    if found[0].confirmed:
        return Words(
            _("设置新密码"),
            _(
                "有人(多半是您)在平台上说忘记了密码。请在 "
                "%(minutes)d 分钟内打开下面的链接设置新密码,只能用一次:"
                "\n\n%(link)s\n\n不是您的话不用理会,密码不会变。",
                minutes=RESET_MINUTES,
                link=_way(session, found[0]),
            ),
        )
    newest = found[: -MOST_CLAIMING - 1 : -1]
    claims = {
        each.applicant_id: each.organisation
        for each in session.scalars(select(Claim).where(Claim.applicant_id.in_([user.id for user in newest])))
    }
    named = "\n\n".join(f"{_entered(each, claims.get(each.id))}\n{_way(session, each)}" for each in newest)
    return Words(
        _("设置新密码"),
        _(
            "有人(多半是您)在平台上说忘记了密码。用这个邮箱注册、还没有确认的账号如下,"
            "其中可能有别人冒用您的邮箱注册的:请只打开您自己那一个的链接,在 "
            "%(minutes)d 分钟内设置新密码,这个邮箱随即归它使用。"
            "\n\n%(named)s\n\n都不是您的话不用理会。",
            minutes=RESET_MINUTES,
            named=named,
        ),
    )


def _way(session: Session, user: User) -> str:
    way = secrets.token_urlsafe(32)
    session.add(
        Reset(
            token_hash=token_hash(way), user_id=user.id, until=clock.now() + timedelta(minutes=RESET_MINUTES)
        )
    )
    return f"{current_app.config['PUBLIC_URL']}/forgotten/{way}"


def _entered(user: User, claimed: Organisation | None) -> str:
    """What somebody signed up as: the organisation it entered or says is its own, and when."""
    own = next((each.organisation for each in user.memberships), claimed)
    return _(
        "%(time)s 注册:%(name)s,%(organisation)s",
        time=f"{user.created_at.astimezone(clock.BEIJING):%Y-%m-%d %H:%M}",
        name=user.name[:40],
        organisation=own.name[:60] if own else "—",
    )


def _known(session: Session, letter: Letter) -> Text:
    return Words(
        _("您已经有账号"),
        _(
            "有人用您的邮箱在平台上注册。您的邮箱已经有账号:如果是您本人,请用原来的密码登录,忘记了就在登录页点“忘记密码”。不是您的话不用理会,您的账号没有变化。"
        ),
    )


def _delegated(session: Session, letter: Letter) -> Text:
    return Words(
        _("委托采购"),
        _(
            "“%(buyer)s”委托您在平台上代为采购。用这个邮箱登录或注册并确认邮箱后,可以在“我的委托”接受或谢绝;不接受就什么也不会发生。\n\n%(link)s",
            buyer=letter.data["buyer"],
            link=f"{current_app.config['PUBLIC_URL']}/my/delegations",
        ),
        "/my/delegations",
    )


def _appointed(session: Session, letter: Letter) -> Text:
    return Words(
        _("请您评审"),
        _(
            "“%(buyer)s”请您评审“%(project)s”。用这个邮箱登录或注册并确认邮箱后即可办理。",
            buyer=letter.data["buyer"],
            project=letter.data["project"],
        ),
    )


def _password_changed(session: Session, letter: Letter) -> Text:
    return Words(
        _("密码已修改"),
        _(
            "您在平台上的密码刚刚改了,其他登录都已退出。不是您改的话,请马上在登录页点“忘记密码”重设,并联系平台。"
        ),
    )


def _factor_changed(session: Session, letter: Letter) -> Text:
    return Words(
        _("第二重验证有变动"),
        _(
            "您账号的第二重验证(验证器、通行密钥或恢复码)刚刚有变动。不是您操作的话,请马上修改密码,并联系平台。"
        ),
    )


def _factor_tried(session: Session, letter: Letter) -> Text:
    return Words(
        _("有人知道您的密码"), _("有人用正确的密码登录您的账号,但多次填错验证码。不是您的话,请马上修改密码。")
    )


def _to(letter: Letter, subject: str, words: str, path: str, **places: str) -> Words:
    """A letter to somebody by name, with a link."""
    link, who = current_app.config["PUBLIC_URL"] + path, letter.user.name if letter.user else ""
    return Words(subject, _(words, who=who, link=link, **places), path)


def _confirm(session: Session, letter: Letter) -> Text:
    if letter.user is None or letter.user.email == letter.address:
        return None
    return _to(
        letter,
        _("请确认您的邮箱"),
        N_(
            "%(who)s,您好:\n\n有人(应该是您)在公信中介服务交易与信用平台用这个邮箱注册,或把它改为自己的邮箱。请在三天内打开下面的链接确认:\n\n%(link)s\n\n如果不是您,请不要理会这封信:不登录那个账号,链接本身不起作用。"
        ),
        f"/confirm/{token(letter.user, letter.address)}",
    )


def _joined(session: Session, letter: Letter) -> Text:
    if letter.user is None or not letter.user.memberships:
        return None
    words = N_(
        "您好:\n\n“%(organisation)s”在公信平台把您加为成员。您的邮箱已经有账号:请先用原来的密码登录,再在三天内打开下面的链接同意:\n\n%(link)s\n\n一个账号只办理一个单位的事。不是您的单位就不用理会,您的账号没有变化。"
    )
    return _to(
        letter,
        _("您被加为成员"),
        words,
        f"/confirm/{token(letter.user, letter.address)}",
        organisation=letter.data["organisation"],
    )


def _moved(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n您在公信平台的账号已改用邮箱 %(address)s,"
        "这个邮箱不再用于登录和找回密码。如果不是您改的,请立即联系本单位管理员或平台。"
        "\n\n%(link)s"
    )
    return _to(letter, _("您的邮箱已经更换"), words, "/my", address=letter.data["address"])


def _authority(session: Session, letter: Letter) -> Text:
    """To every owner: what was done with an organisation's money or authority.

    By one of them, or by somebody in their name.
    """
    words = N_(
        "%(who)s,您好:\n\n“%(organisation)s”刚刚有一项变更:%(what)s。如果不是贵单位的意思,请立即登录处理并修改密码。\n\n%(link)s"
    )
    what = letter.data["what"]
    return _to(
        letter,
        _("贵单位有重要变更"),
        words,
        letter.data["path"],
        organisation=letter.data["organisation"],
        what=_(what),
    )


def _claimed(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n有人在公信平台用“%(organisation)s”的统一社会信用代码提出认领(%(claim)s)。如果不是贵单位的人,请登录说明情况;监管部门会据双方材料认定。\n\n%(link)s"
    )
    return _of_claim(letter, _("有人认领贵单位"), words)


def _claim_decided(session: Session, letter: Letter) -> Text:
    words = N_("%(who)s,您好:\n\n对“%(organisation)s”的认领(%(claim)s)已经认定,结果和理由请看:\n\n%(link)s")
    return _of_claim(letter, _("认领有了结果"), words)


def _asks_to_join(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n“%(name)s”说自己是“%(organisation)s”的人,请您同意加入(%(claim)s)。请核对后答复;不认识的请不要同意。\n\n%(link)s"
    )
    return _of_claim(letter, _("有人请求加入贵单位"), words, name=letter.data["name"])


def _join_decided(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n您请求加入“%(organisation)s”(%(claim)s),管理员已经答复。结果、理由和接下来可以怎么办请看:\n\n%(link)s"
    )
    return _of_claim(letter, _("加入单位的请求有了答复"), words)


def _of_claim(letter: Letter, subject: str, words: str, **told: str) -> Text:
    about = {name: letter.data[name] for name in ("organisation", "claim")}
    return _to(letter, subject, words, f"/claims/{letter.data['claim']}", **about, **told)


def _authorisation_decided(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n%(name)s代表“%(organisation)s”签署和付款的授权(%(authorisation)s)有变化:\n\n%(state)s\n\n接下来可以怎么办请看:\n\n%(link)s"
    )
    about = {name: letter.data[name] for name in ("organisation", "authorisation")}
    about["name"] = letter.data.get("name", letter.user.name if letter.user else "")  # of before it was told
    path = f"/authorisations/{letter.data['authorisation']}"
    told = (AUTHORISATION.states[letter.data.get("state", "filed")].label, letter.data.get("reason", ""))
    state = "\n".join(_(each) for each in told if each)
    return _to(letter, _("签署付款授权有变化"), words, path, state=state, **about)


def _blocked(session: Session, letter: Letter) -> Text:
    words = N_(
        "%(who)s,您好:\n\n您在公信平台的账号已被停用,不能登录和办理任何事项。理由:%(reason)s\n\n如有异议,请联系%(whom)s。\n\n%(link)s"
    )
    whom = letter.data["whom"]
    return _to(letter, _("您的账号已被停用"), words, "/sign-in", reason=letter.data["reason"], whom=_(whom))


def _unblocked(session: Session, letter: Letter) -> Text:
    words = N_("%(who)s,您好:\n\n您在公信平台的账号已经恢复,可以登录。理由:%(reason)s\n\n%(link)s")
    return _to(letter, _("您的账号已恢复"), words, "/sign-in", reason=letter.data["reason"])


def _record_told(session: Session, letter: Letter) -> Text:
    """A paper of a credit record lies in the account; what is in it is for whoever signs in."""
    words = N_(
        "%(who)s,您好:\n\n监管部门有一份文书送达贵单位(%(record)s),涉及贵单位的权利和期限。请登录查看:\n\n%(link)s"
    )
    record = letter.data["record"]
    return _to(letter, _("有文书送达贵单位"), words, f"/credit/records/{record}", record=record)


TEXTS: dict[str, Callable[[Session, Letter], Text]] = {
    "forgotten": _forgotten,
    "known": _known,
    "delegated": _delegated,
    "appointed": _appointed,
    "password_changed": _password_changed,
    "factor_changed": _factor_changed,
    "factor_tried": _factor_tried,
    "confirm": _confirm,
    "joined": _joined,
    "moved": _moved,
    "blocked": _blocked,
    "unblocked": _unblocked,
    "authority": _authority,
    "claimed": _claimed,
    "claim_decided": _claim_decided,
    "asks_to_join": _asks_to_join,
    "join_decided": _join_decided,
    "authorisation_decided": _authorisation_decided,
    "record_told": _record_told,
    "notice": texts.notice,
    "digest": texts.digest,
    "code": texts.code,
}
OWN = ("notice", "digest", "code")  # what nobody but its reader reads: an administrator passes none on


def written(session: Session, letter: Letter) -> Text:
    """A letter in its reader's language."""
    with force_locale(letter.locale):
        return TEXTS[letter.kind](session, letter)


def own(session: Session, user: User) -> list[tuple[Letter, Words]]:
    """The letters about this person's account, as they say, for where no mail is sent."""
    found = ((letter, written(session, letter)) for letter in letters.about(session, user))
    return [(letter, words) for letter, words in found if words is not None]


def work() -> int:
    """Write and send every letter that waits. Returns how many were dealt with."""
    db.session.rollback()
    waiting = letters.waiting(db.session)
    db.session.rollback()
    return each(
        "letters",
        {Attempt("letters", "send", "letter", str(key)): partial(_deal_with, key) for key in waiting},
    )


def _deal_with(key: int) -> None:
    """Write it, send it outside of any transaction, and note that it is done.

    Killed in between, it is sent once more with another token.
    """
    with transaction() as session:
        letter = session.get_one(Letter, key)
        words = None if letters.too_many(session, letter) else written(session, letter)
        channel = channels().get(letter.channel)
        if words is None or channel is None or not channel.sends():
            letter.done_at = clock.now()
            kept = words is not None and letter.kind not in OWN
            letter.subject, letter.text = (words.subject, words.text) if words and kept else (None, None)
            return
        name = f"{letter.kind}-{letter.id}-{letter.created_at:%Y%m%d%H%M%S%f}"
    link = f"{current_app.config['PUBLIC_URL']}{words.path}" if words.path else ""
    channel.send(letter.address, words.subject, words.text, link, name)
    with transaction() as session:
        session.get_one(Letter, key).done_at = clock.now()


def tidy() -> None:
    """The night's: drop letters, ways to another password and sessions that are over."""
    with transaction() as session:
        letters.forget_resets(session)
        sessions.end_old(session)
    size = chunk_size("old letters")
    while True:
        with size.piece() as session:
            if not letters.forget_old(session, size.size):
                return


def user_of(session: Session, way: str, *, lock: bool = False) -> User | None:
    """Whoever this way to another password is for, as long as it is open.

    With `lock` nobody else goes it meanwhile.
    """
    query = select(Reset).where(Reset.token_hash == token_hash(way), Reset.until > clock.now())
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    return session.get(User, found.user_id) if found else None
