"""See workflow_without_retry.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, field, items, number
from seawall.workflows import MACHINE, State, definition_of, named, on_error_only, states_of

FIX = "write a Retry into each Task of the definition: for States.TaskFailed, each wait twice as long, with full jitter"


@policy(applies_to=MACHINE)
def workflow_without_retry(machine: Resource, design: Design) -> Verdict:
    """Workflow does not repeat a step that failed."""
    definition, at = definition_of(machine, design)
    if isinstance(definition, Unknown):
        return undecided(definition, at=at, fix=FIX)
    answering = on_error_only(definition)
    tasks = [state for state in states_of(definition) if state.type == "Task" and state.name not in answering]
    if not tasks:
        return not_applicable("no step of it calls anything")
    answers = [_is_covered(state) for state in tasks]
    bare = [state for state, answer in zip(tasks, answers, strict=True) if answer is False]
    if bare:
        steps = f"step {named(bare)} has" if len(bare) == 1 else f"steps {named(bare)} have"
        problem = f"{steps} neither Retry nor Catch: one throttled call in a surge fails the whole execution"
        return flagged(problem, fix=FIX, at=at)
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    if unknown:
        return undecided(unknown[0], at=at, fix=FIX)
    return accepted("each step that fails is repeated or caught", at=at)


def _is_covered(task: State) -> bool | Unknown:
    doubt: Unknown | None = None
    for body in (task.body, *task.inside):
        for answer in (_repeats(field(body, "Retry")), _catches(field(body, "Catch"), task.among)):
            if answer is True:
                return True
            doubt = answer if isinstance(answer, Unknown) else doubt
    return doubt or False


def _repeats(retriers: Value) -> bool | Unknown:
    every = items(retriers)
    if isinstance(every, Unknown):
        return every
    return any(number(field(one, "MaxAttempts")) != 0 for one in every)


def _catches(catchers: Value, among: Value) -> bool | Unknown:
    """Whether an error leads to a step that does something about it: one that merely fails does not."""
    every = items(catchers)
    if isinstance(every, Unknown):
        return every
    return any(field(among.get(field(one, "Next")), "Type") != "Fail" for one in every if isinstance(among, dict))
