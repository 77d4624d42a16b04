"""Several processes of one group, on this machine: what each of them returned, or how it ended."""

import os
import pickle
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

CONTEXT = get_context("forkserver")  # a fork of this process would take over threads that autograd may have started
CONTEXT.set_forkserver_preload(["torch", "hybridattn.memory"])


def crew(size: int, work: Callable[..., Any], *given: Any, patience: float = 120.0) -> list[Any]:
    """Give what `work(*given)` returned on each of the ranks; an error of a rank is raised here.

    `work` is a function of a module. A rank that was killed returns its exit code, negative.
    """
    with tempfile.TemporaryDirectory() as folder:
        ranks = [CONTEXT.Process(target=_rank, args=(folder, rank, size, work, given)) for rank in range(size)]
        for one in ranks:
            one.start()
        for one in ranks:
            one.join(patience)
        late = [one for one in ranks if one.is_alive()]
        for one in late:
            one.kill()
        assert not late, f"{len(late)} of {size} ranks were still at work after {patience} s"
        return [_result(Path(folder) / f"{rank}", one.exitcode) for rank, one in enumerate(ranks)]


def _rank(folder: str, rank: int, size: int, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=size)
    try:
        found: Any = (True, work(*given))
    except BaseException:
        found = (False, traceback.format_exc())
    Path(folder, f"{rank}").write_bytes(pickle.dumps(found))
    os._exit(0)  # a lost rank would be waited for at the end


def _result(path: Path, exit_code: int | None) -> Any:
    if not path.exists():
        return exit_code
    good, found = pickle.loads(path.read_bytes())
    assert good, found
    return found
