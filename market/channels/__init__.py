"""The ways by which people hear of something outside of the pages: mail, short messages, WeChat.

One module a way that is unlike the others, behind one interface.
"""

from __future__ import annotations

from flask import current_app

from market.channels.gateway import GatewayChannel
from market.channels.interface import Channel, ChannelUnavailable
from market.channels.mail import MailChannel
from models.i18n import N_

__all__ = ["Channel", "ChannelUnavailable", "channels"]


def channels() -> dict[str, Channel]:
    """The channels people may choose, by name. Mail always: where no server is set it stays on /outbox."""
    config = current_app.config
    offered: list[Channel] = [MailChannel()]
    if config["SMS_URL"]:
        offered.append(
            GatewayChannel(
                name="sms",
                label=N_("短信"),
                address_label=N_("手机号"),
                form=r"1[3-9][0-9]{9}",
                url=config["SMS_URL"],
                token=config["SMS_TOKEN"],
            )
        )
    if config["WECHAT_URL"]:
        offered.append(
            GatewayChannel(
                name="wechat",
                label=N_("微信服务号"),
                address_label=N_("微信 OpenID"),
                form=r"[A-Za-z0-9_-]{20,64}",
                url=config["WECHAT_URL"],
                token=config["WECHAT_TOKEN"],
            )
        )
    return {each.name: each for each in offered}
