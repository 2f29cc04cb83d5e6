"""HTTP behaviour that the fake does not have: silence, an absent server, redirects and concurrent posts."""

import asyncio
from base64 import b64encode

import pytest

from lamplighter.outbound.http import MAX_CONCURRENT_PER_HOST, HttpClient
from lamplighter.outbound.port import DeliveryFailed, HttpRequest
from tests.contracts.servers import closed_port, web_server


async def test_a_post_without_an_answer_times_out_and_is_retryable() -> None:
    async with web_server() as server:
        out = HttpClient(timeout_seconds=0.05)
        with pytest.raises(DeliveryFailed, match="no response within") as error:
            await out.post(f"{server.url}/silent", {}, b"")
        await out.close()
    assert error.value.retryable


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
async def test_a_post_to_an_absent_server_is_retryable(host: str) -> None:
    out = HttpClient()
    with closed_port() as port, pytest.raises(DeliveryFailed) as error:
        await out.post(f"http://{host}:{port}/", {}, b"")
    await out.close()
    assert error.value.retryable


async def test_a_redirect_is_returned_and_not_followed() -> None:
    async with web_server() as server:
        server.answers.append(307)
        out = HttpClient()
        assert await out.post(f"{server.url}/hook", {}, b"x") == 307
        await out.close()
    assert [path for path, _, _ in server.posts] == ["/hook"]


async def test_user_and_password_of_the_url_are_sent() -> None:
    async with web_server() as server:
        out = HttpClient()
        await out.post(server.url.replace("//", "//night:pass@") + "/hook", {}, b"")
        await out.close()
    ((_, headers, _),) = server.posts
    assert headers["Authorization"] == "Basic " + b64encode(b"night:pass").decode()


async def test_a_delivery_asks_for_an_answer_that_is_not_compressed() -> None:
    async with web_server() as server:
        out = HttpClient()
        await out.post(server.url, {"X-Kind": "k"}, b"")
        await out.close()
    ((_, headers, _),) = server.posts
    assert (headers["Accept-Encoding"], headers["X-Kind"]) == ("identity", "k")


async def test_posts_to_one_host_are_limited_and_do_not_delay_other_hosts() -> None:
    async with web_server() as slow, web_server() as quick:
        out = HttpClient()
        posts = [
            asyncio.create_task(out.post(f"{slow.url}/silent", {}, b"")) for _ in range(3 * MAX_CONCURRENT_PER_HOST)
        ]
        assert await out.post(quick.url, {}, b"") == 200
        slow.silent.set()
        assert await asyncio.gather(*posts) == [200] * 3 * MAX_CONCURRENT_PER_HOST
        assert slow.max_concurrent <= MAX_CONCURRENT_PER_HOST
        await out.close()


@pytest.mark.parametrize("url", ["http://[bad/hook/S3CRET", "http:///hook/S3CRET", "hooks.example/S3CRET"])
async def test_a_wrong_url_is_refused_for_good_and_not_repeated(url: str) -> None:
    out = HttpClient()
    with pytest.raises(DeliveryFailed, match="the address is not a valid URL") as posted:
        await out.post(url, {}, b"")
    with pytest.raises(DeliveryFailed, match="the address is not a valid URL") as requested:
        await out.request(HttpRequest("GET", url, {}, None), 60, 0)
    await out.close()
    assert not posted.value.retryable
    assert not requested.value.retryable
    assert "S3CRET" not in posted.value.message + requested.value.message
