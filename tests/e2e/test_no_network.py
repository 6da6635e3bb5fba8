"""A whole job, from new images to translated ones, opens no network connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sessions import write_pairs
from waiting import PATIENCE

HOOK = """
import os, socket, sys

def _watch(event, values):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        if values[0].family not in (socket.AF_INET, socket.AF_INET6):
            return
        if event == "socket.bind" and values[1][0] in ("::1", "127.0.0.1"):
            return  # no connection: urllib3, which Keras imports, tries whether there is IPv6
    elif event not in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        return
    with open(os.environ["WATCHED"], "a") as file:
        file.write(f"{event} {values!r:.300}\\n")

sys.addaudithook(_watch)
open(os.environ["WATCHED"] + f".{os.getpid()}", "w").close()
"""
# Python imports sitecustomize in every process, the engine's too. What libraries open without
# Python is looked for among the processes' files at each poll.
JOB = """
import json, multiprocessing, os, socket, sys
from contextlib import suppress
from pathlib import Path
from waiting import wait_until
from deepimagetranslator import cli
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import JobFailed, JobFinished, WorkerDied
from deepimagetranslator.core.messages.requests import StartTraining, TranslateImages

def internet_sockets():
    inodes = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        if os.path.exists(f"/proc/net/{table}"):
            inodes |= {line.split()[9] for line in open(f"/proc/net/{table}").readlines()[1:]}
    found = []
    for pid in [os.getpid(), *(child.pid for child in multiprocessing.active_children())]:
        with suppress(OSError):  # the process has ended
            for name in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):  # closed since
                    target = os.readlink(f"/proc/{pid}/fd/{name}")
                    if target.startswith("socket:[") and target[8:-1] in inodes:
                        found.append((pid, target))
    return found

def finish(request):
    events = []
    def poll():
        events.extend(client.poll())
        seen.extend(internet_sockets())
    client.submit(request)
    ends = (JobFinished, JobFailed, WorkerDied)
    wait_until(lambda: any(isinstance(event, ends) for event in events), poll)
    end = next(event for event in events if isinstance(event, ends))
    assert isinstance(end, JobFinished), end

if __name__ == "__main__":
    folder, seen = Path(sys.argv[1]), []
    project = folder / "p.json"
    images = ["--train-inputs", str(folder / "in"), "--train-targets", str(folder / "out")]
    few = ["--set", "training.epochs=1", "--set", "model.depth=2", "--set", "model.base_filters=2"]
    assert cli.main(["new", str(project), *images, *few]) == 0
    assert cli.main(["check", str(project)]) == 0
    client = WorkerClient(folder / "engine.log")
    client.start()
    try:
        wait_until(lambda: client.ready, client.poll)
        run = folder / "run"
        finish(StartTraining(client.next_job(), load_project(project), run))
        weights, out = run / "best.weights.h5", folder / "translated"
        inputs = (ImageRef(folder / "in"),)
        finish(TranslateImages(client.next_job(), weights, inputs, out, TranslationSpec()))
    finally:
        client.close()
    watched = Path(os.environ["WATCHED"])
    told = watched.read_text() if watched.exists() else ""
    with socket.socket() as one:
        one.settimeout(0.1)
        one.connect_ex(("127.0.0.1", 9))  # the watch would have seen it
    assert not {"distributed", "dask"} & sys.modules.keys()
    translated = len(list(out.iterdir()))
    control = watched.read_text()[len(told):]
    print(json.dumps({"told": told, "seen": seen, "control": control, "images": translated}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sitecustomize of a folder is tried on Unix")
def test_no_connection_in_a_whole_job(tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"a{number}.png" for number in range(4)])
    hook, script, watched = tmp_path / "hook", tmp_path / "job.py", tmp_path / "watched"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    script.write_text(JOB, encoding="utf-8")
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (hook, tests, tests.parent)))
    environment = os.environ | {"PYTHONPATH": path, "WATCHED": str(watched), "HOME": str(tmp_path)}
    run = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(
        run, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["control"].startswith("socket.connect")
    assert len(list(tmp_path.glob("watched.*"))) >= 2  # this process and the engine's
    assert (found["told"], found["seen"], found["images"]) == ("", [], 4)
