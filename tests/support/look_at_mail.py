"""A second opinion on received mails: what Python's own parser makes of each file, as JSON."""
import email, email.policy, json, sys

found = []
for name in sys.argv[1:]:
    raw = open(name, "rb").read()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [
        {
            "kind": part.get_content_type(),
            "encoding": part["Content-Transfer-Encoding"],
            "id": part["Content-ID"],
            "text": part.get_content() if part.get_content_maintype() == "text" else None,
            "bytes": len(part.get_payload(decode=True) or b""),
        }
        for part in message.walk()
        if not part.is_multipart()
    ]
    found.append(
        {
            "shape": [part.get_content_type() for part in message.walk()],
            "parts": parts,
            "headers": {key.lower(): str(value) for key, value in message.items()},
            "message_ids": message.get_all("Message-ID"),
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "eight_bit": any(byte > 127 for byte in raw),
            "bare": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
            "size": len(raw),
        }
    )
json.dump(found, sys.stdout)
