"""Store state machines and their revisions.

A revision is an unchangeable set of definition, role and settings. An execution keeps the revision with which it began.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads, loads_or
from lamplighter.services.states.tables.word_patterns import word_pattern
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a state machine."""

    id: str
    definition: str
    role: str
    settings: Json
    """loggingConfiguration, tracingConfiguration, encryptionConfiguration."""
    created: int
    initial: bool = False
    """Whether the machine was created with this revision. AWS gives no id to the first revision."""


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine with its current revision."""

    arn: str
    account: str
    region: str
    name: str
    type: str
    created: int
    tags: dict[str, str]
    revision: str
    definition: str
    role: str
    settings: Json
    initial: bool = True
    """Whether the machine was created with its current revision."""
    deleting: bool = False
    """Whether the machine is being deleted: it is removed when its last execution has ended."""

    @property
    def current_revision(self) -> Revision:
        """The machine's current revision, with the machine's time of creation."""
        return Revision(self.revision, self.definition, self.role, self.settings, self.created, initial=self.initial)


@dataclass(frozen=True, slots=True)
class ListedMachine:
    """A state machine without its definition."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch."""
    tags: dict[str, str]


def _read_tags(text: str) -> Json:
    found = loads_or(text, None)
    return found if isinstance(found, dict) else {}


LISTED = Table("state_machines", ListedMachine, json={"tags": _read_tags})
MACHINES = Table(
    "state_machines m JOIN revisions r ON r.id = m.revision",
    StateMachine,
    json={"tags": loads, "settings": loads},
    columns={"created": "m.created"},
)
REVISIONS = Table("revisions", Revision, json={"settings": loads})


get = MACHINES.find_by("arn")
"""Return the state machine with this ARN, or None."""


def places_with_machines(reader: Reader) -> list[tuple[str, str]]:
    """Return the accounts and regions that have state machines, those with the most machines first."""
    sql = "SELECT account, region FROM state_machines GROUP BY account, region ORDER BY count(*) DESC, account, region"
    return [(account, region) for account, region in reader.rows(sql)]


def tags_of_place(reader: Reader, account: str, region: str) -> dict[str, dict[str, str]]:
    """Return the tags of all state machines of an account and region, by their ARNs."""
    sql = "SELECT arn, tags FROM state_machines WHERE account = ? AND region = ?"
    return {arn: _read_tags(tags) for arn, tags in reader.rows(sql, (account, region))}


def definitions_with_state(reader: Reader, account: str, region: str, state: str) -> list[tuple[str, str]]:
    """Return the ARNs and definitions of the state machines that may have a state whose name ends so."""
    sql = (
        "SELECT m.arn, r.definition FROM state_machines m JOIN revisions r ON r.id = m.revision "
        "WHERE account = ? AND region = ? AND instr(definition, ?)"
    )
    return [(arn, definition) for arn, definition in reader.rows(sql, (account, region, f'{state}"'))]


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[StateMachine]:
    """Return state machines of an account and region whose names come after `after`, in order of name."""
    where = "account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"
    return MACHINES.select(reader, where, account, region, after, most)


def find_words(reader: Reader, account: str, region: str, words: Sequence[str], most: int) -> list[StateMachine]:
    """Return state machines that may have these words in name, tags and definition, in order of name."""
    text = "m.name || ' ' || m.tags || ' ' || r.definition LIKE ? ESCAPE '\\'"
    where = " AND ".join(["account = ? AND region = ?", *[text] * len(words)])
    values = (account, region, *map(word_pattern, words), most)
    return MACHINES.select(reader, f"{where} ORDER BY name LIMIT ?", *values)


def list_standard(reader: Reader, without: Sequence[str], most: int) -> tuple[list[ListedMachine], int]:
    """Return the first standard state machines of all accounts and regions, in order of ARN, and how many there are.

    Leaves out those that are being deleted, and those whose names end with one of the texts in `without`.
    """
    where = "type = 'STANDARD' AND NOT deleting" + " AND substr(name, -?) <> ?" * len(without)
    values = [value for suffix in without for value in (len(suffix), suffix)]
    number = reader.count(f"SELECT count(*) FROM state_machines WHERE {where}", values)  # noqa: S608 - no user's text
    return LISTED.select(reader, f"{where} ORDER BY arn LIMIT ?", *values, most), number


def put(tx: Tx, machine: StateMachine) -> None:
    """Store a new state machine with its first revision."""
    _insert_revision(tx, machine.arn, machine.current_revision)
    tx.execute(
        "INSERT INTO state_machines (arn, account, region, name, type, revision, created, tags) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            machine.arn,
            machine.account,
            machine.region,
            machine.name,
            machine.type,
            machine.revision,
            machine.created,
            dumps(machine.tags),
        ),
    )


def add_revision(tx: Tx, arn: str, revision: Revision) -> None:
    """Add a revision and make it the current one; the old revisions stay."""
    _insert_revision(tx, arn, revision)
    tx.execute("UPDATE state_machines SET revision = ? WHERE arn = ?", (revision.id, arn))


def _insert_revision(tx: Tx, arn: str, revision: Revision) -> None:
    tx.execute(
        "INSERT INTO revisions (id, machine, definition, role, settings, created, initial) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            revision.id,
            arn,
            revision.definition,
            revision.role,
            dumps(revision.settings),
            revision.created,
            revision.initial,
        ),
    )


def tag(tx: Tx, arn: str, tags: dict[str, str]) -> None:
    """Replace the tags of a state machine."""
    tx.execute("UPDATE state_machines SET tags = ? WHERE arn = ?", (dumps(tags), arn))


def delete(tx: Tx, arn: str) -> None:
    """Delete a state machine as soon as none of its executions runs.

    Its revisions stay, for the executions that used them.
    """
    tx.execute("UPDATE state_machines SET deleting = 1 WHERE arn = ?", (arn,))
    delete_if_idle(tx, arn)


def delete_if_idle(tx: Tx, arn: str) -> None:
    """Delete a state machine that is marked as deleting, if none of its executions runs."""
    tx.execute(
        "DELETE FROM state_machines WHERE arn = ? AND deleting "
        "AND NOT EXISTS (SELECT 1 FROM executions WHERE machine = ? AND status = 'RUNNING')",
        (arn, arn),
    )


def is_deleting(reader: Reader, arn: str) -> bool:
    """Return whether a state machine is being deleted."""
    return reader.row("SELECT 1 FROM state_machines WHERE arn = ? AND deleting", (arn,)) is not None


get_revision = REVISIONS.find_by("id")
"""Return the revision with this id, or None."""
