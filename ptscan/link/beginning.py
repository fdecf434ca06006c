"""An h2 connection with our limits in it: those that its settings reach, and those that they do not. Pure."""

import h2.config
import h2.connection
import h2.settings

from ptscan.link import limits
from ptscan.link.intake import Intake


def begin_h2(*, is_client: bool, frame_octets: int) -> h2.connection.H2Connection:
    """One end of a connection, its SETTINGS written; ``frame_octets`` may one frame of DATA have that comes."""
    begun = h2.connection.H2Connection(h2.config.H2Configuration(client_side=is_client, header_encoding="utf-8"))
    codes = h2.settings.SettingCodes
    told = {
        codes.ENABLE_PUSH: 0,
        codes.MAX_CONCURRENT_STREAMS: limits.STREAMS,
        codes.INITIAL_WINDOW_SIZE: limits.STREAM_WINDOW,
        codes.MAX_FRAME_SIZE: frame_octets,
        codes.MAX_HEADER_LIST_SIZE: limits.HEADER_LIST_OCTETS,
    }
    begun.incoming_buffer = Intake(server=not is_client)
    begun.local_settings = h2.settings.Settings(client=is_client, initial_values=told)
    # What settings that are given anew do not reach.
    begun.max_inbound_frame_size = frame_octets
    begun.decoder.max_header_list_size = limits.HEADER_LIST_OCTETS
    begun.initiate_connection()
    # A peer that has not read this yet may open more streams than it says (RFC 9113 section 5.1.2): what it is held to
    # until it acknowledges.
    at_first = {**told, codes.MAX_CONCURRENT_STREAMS: limits.STREAMS_AT_FIRST}
    begun.local_settings = h2.settings.Settings(client=is_client, initial_values=at_first)
    begun.local_settings[codes.MAX_CONCURRENT_STREAMS] = limits.STREAMS
    begun.increment_flow_control_window(limits.CONNECTION_WINDOW - 65_535)  # the settings do not reach this one
    return begun
