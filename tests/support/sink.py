"""A mail server for the tests: STARTTLS, AUTH, and whatever trouble a recipient's name asks for.

sink.py FOLDER PORT [--certificate PEM --key PEM] [--no-starttls | --tls]; with --tls from the first byte; prints
`ready` once it listens. Every message that it takes is FOLDER/N.eml beside FOLDER/N.json (envelope, TLS, who logged in); every connection adds a line to FOLDER/connections.
A recipient whose name begins with one of these words meets
  greylist  451 at the first time, taken at the second
  refused   550
  big       552 for a message of more than 20 kB
  dropped   the connection ends after the message, at the first time, although it was taken
  stall     no answer to the recipient's name, ever
"""
import argparse, asyncio, json, pathlib, signal, ssl

from aiosmtpd.smtp import SMTP, AuthResult

options = argparse.ArgumentParser()
options.add_argument("folder", type=pathlib.Path)
options.add_argument("port", type=int)
options.add_argument("--certificate")
options.add_argument("--key")
options.add_argument("--no-starttls", action="store_true")
options.add_argument("--tls", action="store_true")
options = options.parse_args()

seen: dict[str, int] = {}
taken = 0


def times(what: str) -> int:
    seen[what] = seen.get(what, 0) + 1
    return seen[what]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("greylist") and times(address) == 1:
            return "451 4.7.1 greylisted, come back later"
        if address.startswith("refused"):
            return "550 5.1.1 no such user here"
        if address.startswith("stall"):
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global taken
        to = envelope.rcpt_tos[0]
        if to.startswith("big") and len(envelope.original_content) > 20_000:
            return "552 5.3.4 message too big"
        taken += 1
        file = options.folder / f"{taken}.eml"
        file.write_bytes(envelope.original_content)
        login = session.auth_data.login.decode() if session.auth_data else None
        about = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": options.tls or session.ssl is not None, "login": login}
        file.with_suffix(".json").write_text(json.dumps(about))
        if to.startswith("dropped") and times(to) == 1:
            server.transport.abort()
        return "250 taken"


class Named:
    def __init__(self, login):
        self.login = login


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"drillyard" and data.password == b"c0rrect-horse"
    return AuthResult(success=good, handled=False, auth_data=Named(data.login))


def context():
    if not options.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    return context


def server():
    with (options.folder / "connections").open("a") as connections:
        connections.write("1\n")
    if not options.certificate or options.no_starttls:
        return SMTP(Handler(), hostname="sink.example")
    login = dict(auth_required=True, authenticator=authenticate)
    if options.tls:
        # To aiosmtpd the transport below is plain.
        return SMTP(Handler(), hostname="sink.example", auth_require_tls=False, **login)
    return SMTP(
        Handler(), hostname="sink.example", tls_context=context(), require_starttls=True, auth_require_tls=True, **login
    )


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    loop, wrapped = asyncio.get_running_loop(), context() if options.tls else None
    listening = await loop.create_server(server, "127.0.0.1", options.port, ssl=wrapped)
    print("ready", listening.sockets[0].getsockname()[1], flush=True)
    await stop.wait()


asyncio.run(main())
