"""HTTP out, where the fake is no model for it: silence, absence, redirects and many posts at once."""

import asyncio
from base64 import b64encode

import pytest

from lamplighter.outbound.http import MAX_CONCURRENT_PER_HOST, HttpClient
from lamplighter.outbound.port import DeliveryFailed
from tests.contracts.servers import closed_port, web_server


async def test_a_server_that_does_not_answer_is_given_up_and_may_be_tried_again() -> None:
    async with web_server() as there:
        out = HttpClient(timeout_seconds=0.05)
        with pytest.raises(DeliveryFailed, match="no response within") as error:
            await out.post(f"{there.url}/silent", {}, b"")
        await out.close()
    assert error.value.retryable


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
async def test_a_server_that_is_not_there_may_be_tried_again(host: str) -> None:
    out = HttpClient()
    with closed_port() as port, pytest.raises(DeliveryFailed) as error:
        await out.post(f"http://{host}:{port}/", {}, b"")
    await out.close()
    assert error.value.retryable


async def test_a_redirect_is_the_answer_and_is_not_followed() -> None:
    async with web_server() as there:
        there.answers.append(307)
        out = HttpClient()
        assert await out.post(f"{there.url}/hook", {}, b"x") == 307
        await out.close()
    assert [path for path, _, _ in there.posts] == ["/hook"]


async def test_user_and_password_of_the_url_are_sent() -> None:
    async with web_server() as there:
        out = HttpClient()
        await out.post(there.url.replace("//", "//night:pass@") + "/hook", {}, b"")
        await out.close()
    ((_, headers, _),) = there.posts
    assert headers["Authorization"] == "Basic " + b64encode(b"night:pass").decode()


async def test_one_host_gets_a_few_posts_at_once_and_holds_up_no_other() -> None:
    async with web_server() as slow, web_server() as quick:
        out = HttpClient()
        posts = [
            asyncio.create_task(out.post(f"{slow.url}/silent", {}, b"")) for _ in range(3 * MAX_CONCURRENT_PER_HOST)
        ]
        assert await out.post(quick.url, {}, b"") == 200
        slow.silent.set()
        assert await asyncio.gather(*posts) == [200] * 3 * MAX_CONCURRENT_PER_HOST
        assert slow.most <= MAX_CONCURRENT_PER_HOST
        await out.close()
