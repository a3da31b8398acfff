"""Which coding agent a shell says that it is of: a word for labels. Nothing is ever allowed because of it.

Any process can set these variables or take them away, so they prove nothing: they tell people what a grant is for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

NAMES: Final = {
    "CLAUDECODE": "Claude Code",
    "CODEX_THREAD_ID": "Codex",
    "GEMINI_CLI": "Gemini CLI",
    "COPILOT_CLI": "Copilot CLI",
    "OPENCODE": "opencode",
    "QWEN_CODE": "Qwen Code",
    "AUGMENT_AGENT": "Augment",
    "CLINE_ACTIVE": "Cline",
    "CURSOR_AGENT": "Cursor",
}
"""The variables that agents set for the commands they run, and whom each means; what an editor sets comes last.

Each agent's own source or documentation: CLAUDECODE anthropics/claude-code#531; CODEX_THREAD_ID openai/codex#36883;
GEMINI_CLI google-gemini.github.io/gemini-cli/docs/tools/shell.html; COPILOT_CLI github/copilot-cli changelog.md;
OPENCODE anomalyco/opencode packages/opencode/src/index.ts; AUGMENT_AGENT docs.augmentcode.com/cli/reference;
CURSOR_AGENT forum.cursor.com/t/132427. QWEN_CODE and CLINE_ACTIVE as aws/aws-cdk-cli#1855 has found them in the agents'
sources. AWS's own command line tells agents by such variables as well (aws/aws-cli#10485).
"""

GENERIC: Final = "AI_AGENT"
"""Holds a name of the agent's own choice (github.com/vercel/vercel, packages/detect-agent; openai/codex#36883)."""

_LONGEST: Final = 40


def named(environ: Mapping[str, str]) -> str:
    """Return what people call the agent that an environment says it is of; empty: it says nothing."""
    for variable, name in NAMES.items():
        if environ.get(variable):
            return name
    return word(environ.get(GENERIC, ""))


def word(said: str) -> str:
    """Return a name of an agent's own choice as a short word that can mean nothing else."""
    # guard: name-of-an-agent-is-a-word
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-@") else "-" for char in said[:_LONGEST])


def said(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a request for credentials says besides, where it comes from an agent's shell."""
    agent = named(environ)
    return {"agent": agent} if agent else {}
