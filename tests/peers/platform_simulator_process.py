"""A SIMULATOR of an emergency broadcast platform, as a process: no real one runs on a build machine.

Nobody has certified this one. It shares no code with the product: packets by tarfile, XML by ElementTree, signatures by the program
openssl. Standard output: one JSON line for each thing that happens, with the monotonic clock of the machine. Standard input: JSON
lines that tell it what to report.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET  # the other end must not read by the product's reader
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OURS = "010233110000000001"
CERTIFICATE, ISSUER = "000000003363", "000000000075"
DISTID = ("-sm3", "-sigopt", "distid:1234567812345678")
WAITS, SOUNDS, DONE, STOPPED = 1, 2, 3, 5


class Platform:
    """What it has been asked to play. The most severe sounds; what was sounding below it waits."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.asked: dict[str, dict[str, str]] = {}
        self.states: dict[str, int] = {}
        self.lock = threading.Lock()
        self.sequence = 0
        self.hasty: dict[str, str] = {}  # door by source: report before answering

    def tell(self, what: str, **facts: object) -> None:
        print(json.dumps({"what": what, "at": time.monotonic(), **facts}, ensure_ascii=False), flush=True)

    def take(self, raw: bytes) -> bytes:
        """A packet came; the packet that answers it."""
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            files = {head.name: tar.extractfile(head).read() for head in tar.getmembers()}  # type: ignore[union-attr]
        name = next(name for name in files if name.startswith("EBDB_"))
        root = ET.fromstring(files[name])
        said = {node.tag: (node.text or "").strip() for node in root.iter()}
        signature = files.get(f"EBDS_{name}", b"")
        if self.options.peer_key and not self.is_signed(files[name], signature):
            return self.packet(said, "EBDResponse", "<ResultCode>4</ResultCode><ResultDesc>签名失败</ResultDesc>")
        kind = said["EBDType"]
        body = self.asked_for(root) if kind == "EBMStateRequest" else ""
        if body and self.options.states_later:
            body = kind = ""
        if kind == "EBM":
            self.given(root, raw)
        if body:
            return self.packet(said, "EBMStateResponse", body)
        code = 5 if kind == "EBMStateRequest" else 1
        return self.packet(said, "EBDResponse", f"<ResultCode>{code}</ResultCode><ResultDesc/>")

    def given(self, root: ET.Element, raw: bytes) -> None:
        ebm = root.find("EBM")
        assert ebm is not None
        number, kind = ebm.findtext("EBMID", ""), ebm.findtext("MsgBasicInfo/MsgType", "")
        facts = {
            "ebmid": number,
            "dest": root.findtext("DEST/EBRID", ""),
            "source": root.findtext("SRC/EBRID", ""),
            "severity": ebm.findtext("MsgBasicInfo/Severity", ""),
            "title": ebm.findtext("MsgContent/MsgTitle", ""),
            "text": ebm.findtext("MsgContent/MsgDesc", ""),
            "areas": ebm.findtext("MsgContent/AreaCode", ""),
            "stops": ebm.findtext("RelatedInfo/EBMID", ""),
        }
        if kind == "1" and self.options.slow_s:
            self.tell("slow", **facts)
            time.sleep(self.options.slow_s)
        with self.lock:
            if kind == "2":
                self.tell("stop", packet=base64.b64encode(raw).decode(), **facts)
                self.ends(facts["stops"], STOPPED)
            elif number in self.asked:
                self.tell("again", **facts)  # one number is played once
            else:
                self.asked[number] = facts
                self.tell("start", packet=base64.b64encode(raw).decode(), **facts)
                self.settle()
        door = self.hasty.get(facts["source"]) if kind == "1" else None
        if door:
            self.report({"door": door, "to": facts["source"], "ebmid": number, "code": DONE, "terminal": True})

    def ends(self, number: str, state: int) -> None:
        if self.states.get(number) in (WAITS, SOUNDS):
            was = self.states[number]
            self.states[number] = state
            if was == SOUNDS:
                self.tell("silent", ebmid=number, why=state)
        self.settle()

    def settle(self) -> None:
        """Of each area the most severe sounds."""
        loudest: dict[str, str] = {}
        for number, facts in self.asked.items():
            known = loudest.get(facts["areas"])
            is_open = self.states.get(number, WAITS) in (WAITS, SOUNDS)
            if is_open and (known is None or int(facts["severity"]) < int(self.asked[known]["severity"])):
                loudest[facts["areas"]] = number
        for number in self.asked:
            if self.states.get(number, WAITS) not in (WAITS, SOUNDS):
                continue
            before, self.states[number] = self.states.get(number, WAITS), SOUNDS if number in loudest.values() else WAITS
            if before != self.states[number]:
                self.tell("sounds" if self.states[number] == SOUNDS else "silent", ebmid=number, why=self.states[number])

    def asked_for(self, root: ET.Element) -> str:
        number = root.findtext("EBMStateRequest/EBM/EBMID", "")
        self.tell("asked", ebmid=number)
        state = self.states.get(number)
        return "" if state is None else f"<EBM><EBMID>{number}</EBMID></EBM><BrdStateCode>{state}</BrdStateCode><BrdStateDesc/>"

    def report(self, order: dict[str, object]) -> None:
        """Tell the centre what became of a broadcast: its state, or a playback log; as a platform or as a monitor receiver."""
        number, code = str(order["ebmid"]), order["code"]
        if code == DONE:
            with self.lock:
                self.ends(number, DONE)
        kind = "EBMBrdLog" if order.get("log") else "EBMStateResponse"
        resource = "EBRDT" if order.get("terminal") else "EBRST"
        item = (
            f"<ResBrdInfo><ResBrdItem><{resource}><EBRID>{OURS}</EBRID></{resource}><EBRBS><BrdStateCode>{code}</BrdStateCode></EBRBS>"
            "</ResBrdItem></ResBrdInfo>"
        )
        body = f"<EBM><EBMID>{number}</EBMID></EBM><BrdStateCode>{code}</BrdStateCode><BrdStateDesc>播发</BrdStateDesc>{item}"
        body = f"<EBMBrdItem>{body}</EBMBrdItem>" if order.get("log") else body
        to = {"EBRID": str(order["to"]), "EBDID": ""}
        packet = self.packet(to, kind, body, source=str(order.get("source") or OURS), unsigned=bool(order.get("unsigned")))
        request = urllib.request.Request(str(order["door"]), data=packet, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer, tarfile.open(fileobj=io.BytesIO(answer.read())) as tar:
                head = next(head for head in tar.getmembers() if head.name.startswith("EBDB_"))
                root = ET.fromstring(tar.extractfile(head).read())  # type: ignore[union-attr]  # a plain file
            self.tell(
                "answered", ebmid=number, code=root.findtext("EBDResponse/ResultCode", ""), text=root.findtext("EBDResponse/ResultDesc", "")
            )
        except (urllib.error.URLError, TimeoutError, ConnectionError) as failed:
            self.tell("answered", ebmid=number, code="", text=str(failed))

    def packet(self, to: dict[str, str], kind: str, body: str, *, source: str = OURS, unsigned: bool = False) -> bytes:
        self.sequence += 1
        number = f"01{source}{self.sequence:016d}"
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        related = f"<RelatedEBD><EBDID>{to['EBDID']}</EBDID></RelatedEBD>" if to["EBDID"] else ""
        envelope = (
            f'<?xml version="1.0" encoding="utf-8"?><EBD><EBDVersion>1.0</EBDVersion><EBDID>{number}</EBDID><EBDType>{kind}</EBDType>'
            f"<SRC><EBRID>{source}</EBRID></SRC><DEST><EBRID>{to['EBRID']}</EBRID></DEST><EBDTime>{now}</EBDTime>{related}"
            f"<{kind}>{body}</{kind}></EBD>"
        ).encode()
        files = {f"EBDB_{number}.xml": envelope}
        if self.options.key and not unsigned:
            files[f"EBDS_EBDB_{number}.xml"] = self.signed(number, envelope)
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w") as tar:
            for name, octets in files.items():
                head = tarfile.TarInfo(name)
                head.size = len(octets)
                tar.addfile(head, io.BytesIO(octets))
        return whole.getvalue()

    def signed(self, number: str, envelope: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            paper, der = Path(folder, "paper"), Path(folder, "der")
            paper.write_bytes(envelope)
            subprocess.run(["openssl", "dgst", *DISTID, "-sign", self.options.key, "-out", der, paper], check=True, capture_output=True)
            raw = der.read_bytes()
        first = raw[4 : 4 + raw[3]]
        halves = b"".join(int.from_bytes(half, "big").to_bytes(32, "big") for half in (first, raw[6 + raw[3] :]))
        now = int(time.time())
        value = base64.b64encode(now.to_bytes(4, "big") + bytes.fromhex(CERTIFICATE) + halves).decode()
        return (
            f"<Signature><Version>1.0</Version><RelatedEBD><EBDID>{number}</EBDID></RelatedEBD><SignatureCert><CertType>1</CertType>"
            f"<IssuerID>{ISSUER}</IssuerID><CertSN>{CERTIFICATE}</CertSN></SignatureCert><SignatureTime>{now:08x}</SignatureTime>"
            f"<DigestAlgorithm>SM3</DigestAlgorithm><SignatureAlgorithm>SM2</SignatureAlgorithm><SignatureValue>{value}</SignatureValue>"
            "</Signature>"
        ).encode()

    def is_signed(self, envelope: bytes, signature: bytes) -> bool:
        if not signature:
            return False
        value = base64.b64decode(ET.fromstring(signature).findtext("SignatureValue", ""))[10:]
        numbers = [half.lstrip(b"\0") for half in (value[:32], value[32:])]
        numbers = [b"\0" + number if number[0] & 0x80 else number for number in numbers]
        body = b"".join(bytes((2, len(number))) + number for number in numbers)
        with tempfile.TemporaryDirectory() as folder:
            paper, der = Path(folder, "paper"), Path(folder, "der")
            paper.write_bytes(envelope)
            der.write_bytes(bytes((0x30, len(body))) + body)
            command = ["openssl", "dgst", *DISTID, "-verify", self.options.peer_key, "-signature", der, paper]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0


def door(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = platform.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-tar")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Its lines are not JSON."""

    return Door


def main() -> None:
    reading = argparse.ArgumentParser()
    reading.add_argument("--key", default="", help="PEM of its private key")
    reading.add_argument("--peer-key", default="", help="PEM of the centre's public key: unsigned packets are refused")
    reading.add_argument("--slow-s", type=float, default=0.0, help="seconds before it does anything about a start")
    reading.add_argument("--states-later", action="store_true", help="says of a state request only that it has it")
    platform = Platform(reading.parse_args())
    server = ThreadingHTTPServer(("127.0.0.1", 0), door(platform))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    platform.tell("up", port=server.server_address[1])
    for line in sys.stdin:
        order = json.loads(line)
        if "hasty" in order:
            platform.hasty = order["hasty"]
        else:
            threading.Thread(target=platform.report, args=(order,), daemon=True).start()


if __name__ == "__main__":
    main()
