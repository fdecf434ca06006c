"""A device that refuses a community is asked with the next one, and found in any case."""

from codec import encode_response


async def test_who_refuses_the_first_community_is_found_by_the_second(network, sweep, healthy, community) -> None:
    """RFC 3415 section 3: a community without a view is answered by authorizationError."""

    def behave(probe) -> list[tuple[bytes, str]]:
        message = probe.message
        if message.community == b"full" and probe.host.endswith(".1"):
            return healthy(probe)
        refusal = encode_response(
            message.version, message.community, message.request_id, [], error_status=16, error_index=0
        )
        return [(refusal, probe.host)]

    async with network(behave) as hosts:
        credentials = (community("narrow"), community("full"))
        result = await sweep(["127.40.8.1-2"], hosts.port, credentials=credentials, retries=1)
        alone = await sweep(["127.40.8.1"], hosts.port, credentials=credentials[:1], retries=1)
    assert {found.sighting.address: found.credential for found in result.found} == {
        "127.40.8.1": credentials[1],
        "127.40.8.2": credentials[0],  # refuses both, and is a device all the same
    }
    assert result.summary.answered == 2
    assert alone.addresses == ["127.40.8.1"]
