"""A server killed in mid-approval: what was acknowledged is there, what was not is there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from cockpit.places import order_ledger
from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.api.bearer import TokenOffice
from cockpit.web.limits import Rate

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import sys
import threading
from pathlib import Path
import uvicorn
from cockpit.web.serving import ServeRequest, chain_app

app = chain_app(ServeRequest(Path(sys.argv[1])))
server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
startup = server.startup

async def started(sockets=None):
    await startup(sockets)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)

server.startup = started
server.run()
"""


@pytest.mark.parametrize("n_before_the_kill", [3, 11])
def test_what_was_acknowledged_survives_kill_nine(n_before_the_kill: int, own_chain: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(own_chain)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    port = int(process.stdout.readline())
    runs = own_chain / "runs"
    accounts = Accounts(runs / ACCOUNTS_FILE)
    approver = accounts.find("approver")
    assert approver is not None
    token = TokenOffice(accounts, runs, rate=Rate(1.0, 1.0)).token_for(approver)
    acknowledged, sent = [], []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30.0) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        ids = [row["order_id"] for row in client.get("/orders?per_page=60").json()["orders"]]
        for number, name in enumerate(ids):
            if number == n_before_the_kill:
                threading.Timer(0.03, process.kill).start()  # while the next requests are on their way
            sent.append(name)
            headers = {"Idempotency-Key": f"approve-{name}", "If-Match": "*"}
            try:
                client.post(f"/orders/{name}/approve", headers=headers).raise_for_status()
            except httpx.TransportError:
                break
            acknowledged.append(name)
    process.wait(timeout=30)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    ledger = order_ledger(runs)
    assert ledger.verify() == ()
    states = ledger.states("20241106-0123456789ab").set_index("order_id")["state"]
    approved = set(states.index[states == "approved"])
    assert len(acknowledged) >= n_before_the_kill
    assert set(acknowledged) <= approved <= set(sent)
