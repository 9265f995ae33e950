"""The session's own folder: what one block leaves in `/workspace`, the next one finds."""

import hashlib
import json
from pathlib import Path
from typing import Final

from seconder.testing.model import code, text
from tests.integration.command import command
from tests.integration.stage import Stage

WRITES: Final = "from pathlib import Path\nPath('/workspace/note.txt').write_text('three')\n"
READS: Final = "from pathlib import Path\nPath('/workspace/note.txt').read_text()"


async def test_files_persist_between_the_blocks_of_a_session(stage: Stage) -> None:
    """Also on another worker: what travels is their digests."""
    session = await stage.start([code(WRITES, "Write.")], [code(READS, "Read.")], [text("Done.")], agent="hasty-clerk")
    await session.result()
    assert session.told()[1]["result"] == "three"
    [first, second] = (await session.history()).inputs("run_block")
    assert not first["workspace"]
    assert list(second["workspace"]) == ["note.txt"]


async def test_a_block_that_fails_leaves_the_files_as_they_were(stage: Stage) -> None:
    """All of a block's changes are kept or none."""
    broken = "from pathlib import Path\nPath('/workspace/note.txt').unlink()\n1 / 0"
    session = await stage.start(
        *([code(program, "Go on.")] for program in (WRITES, broken, READS)), [text("Done.")], agent="hasty-clerk"
    )
    await session.result()
    assert [told["status"] for told in session.told()] == ["completed", "failed", "completed"]
    assert session.told()[2]["result"] == "three"


async def test_a_block_that_waits_writes_the_same_again_when_it_resumes(stage: Stage) -> None:
    """It appends once, although its first lines ran twice."""
    appends = (
        "with open('/workspace/note.txt', 'a') as note:\n    note.write('x')\n"
        "pay(customer=7, cents=1)\n"
        "open('/workspace/note.txt').read()"
    )
    session = await stage.start([code(appends, "Append.")], [code(appends, "Append.")], [text("Done.")])
    for number in range(1, 5):
        await session.approve(number)
    await session.result()
    assert [told["result"] for told in session.told()] == ["x", "xx"]


async def test_blocks_of_one_turn_keep_the_files_of_both(stage: Stage) -> None:
    """Each starts from the same files, and what both leave is merged."""
    both = [code(f"open('/workspace/{name}', 'w').write('{name}')", "Write.") for name in ("a", "b")]
    lists = code("import os\nsorted(os.listdir('/workspace'))", "List.")
    session = await stage.start(both, [lists], [text("Done.")], agent="hasty-clerk")
    await session.result()
    assert session.told()[-1]["result"] == ["a", "b"]


async def test_an_operator_lists_the_files_of_a_session_and_writes_them_out(stage: Stage, tmp_path: Path) -> None:
    """Also after its end; never over what is there."""
    writes = "import os\nos.makedirs('reports')\nopen('reports/march.csv', 'w').write('a,b')"
    session = await stage.start([code(writes, "Write.")], [text("Done.")], agent="hasty-clerk")
    await session.result()
    done, listed, said = await command(stage, "files", session.session_id, "--json")
    assert done == 0, said
    digest = hashlib.sha256(b"a,b").hexdigest()
    assert json.loads(listed) == {"reports/march.csv": {"digest": digest, "size": 3, "executable": False}}
    out = tmp_path / "out"
    assert (await command(stage, "files", session.session_id, "--out", str(out)))[0] == 0
    assert (out / "reports" / "march.csv").read_text() == "a,b"
    refused, _, said = await command(stage, "files", session.session_id, "--out", str(out))
    assert (refused, "cannot be written into" in said) == (2, True)


async def test_a_session_without_files_says_so(stage: Stage) -> None:
    """And nothing is printed where data is expected."""
    session = await stage.start([text("Done.")])
    await session.result()
    done, listed, said = await command(stage, "files", session.session_id)
    assert (done, listed, said.strip()) == (0, "", "The session keeps no files.")
