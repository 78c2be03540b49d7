"""The rows that every room of `campaigns` knows: campaigns, content, commands and the mirrors of TokPortal."""

from campaigns.models.campaign import Campaign, Market, Namespace, Platform
from campaigns.models.command import Command, CommandMove
from campaigns.models.content import AccountProfile, Post
from campaigns.models.mirror import Bundle, SavedAccount, Video
from campaigns.models.stop import Stop

__all__ = [
    "AccountProfile",
    "Bundle",
    "Campaign",
    "Command",
    "CommandMove",
    "Market",
    "Namespace",
    "Platform",
    "Post",
    "SavedAccount",
    "Stop",
    "Video",
]
