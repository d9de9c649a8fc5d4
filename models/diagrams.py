"""The tables as documentation."""

from __future__ import annotations

from models.workflow_table import Workflow


def describe(workflow: Workflow) -> str:
    """The table as a page of documentation: a Mermaid diagram and the rows."""
    lines = [f"## {workflow.name}: {workflow.label}", "", "```mermaid", "stateDiagram-v2"]
    lines.append(f"    [*] --> {workflow.initial}")
    lines += [f"    {m.source} --> {m.target}: {m.act}" for m in workflow.moves]
    lines += [f"    {s.name} --> [*]" for s in workflow.states.values() if s.terminal]
    lines += [
        "```",
        "",
        "| state | act | who | next | limit that starts | told | public |",
        "| - | - | - | - | - | - | - |",
    ]
    for m in workflow.moves:
        limit = (
            f"{m.limit.policy or m.limit.attribute}{' → ' + m.limit.act if m.limit.act else ''}"
            if m.limit
            else ""
        )
        who, told = ", ".join(sorted(m.who)), ", ".join(m.notify)
        lines.append(
            f"| {m.source} | {m.act} | {who} | {m.target} | {limit} | {told} | {'yes' if m.public else ''} |"
        )
    return "\n".join(lines) + "\n"
