"""Acknowledge failures: a person has seen them and says so, perhaps with a note ("fixed by 4711").

AWS has no such operations. An acknowledged failure no longer counts as one that needs a person (`runs/night`).
"""

from dataclasses import asdict

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.alerts.tables import acknowledgements
from lamplighter.services.alerts.tables.acknowledgements import Acknowledgement
from lamplighter.store.db import Reader, Tx

MAX_NOTE_LENGTH, MAX_SUBJECT_LENGTH = 500, 2_048


def acknowledge(tx: Tx, _caller: Caller, params: Json) -> None:
    """Handle Acknowledge {Arn, Note, Who}: mark a failure as seen; `Undo` removes the mark."""
    subject, note = params["Arn"], params.get("Note", "").strip()
    if not subject.startswith("arn:") or len(subject) > MAX_SUBJECT_LENGTH:
        raise ValidationError(f"Acknowledge a run by its ARN, not by '{subject[:100]}'")
    if len(note) > MAX_NOTE_LENGTH:
        raise ValidationError(f"A note has at most {MAX_NOTE_LENGTH} characters; this one has {len(note)}")
    if params.get("Undo"):
        acknowledgements.delete(tx, subject)
    else:
        acknowledgements.put(tx, Acknowledgement(subject, params.get("Who", ""), note, tx.now))


def list_acknowledgements(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListAcknowledgements: return those since `Since` (milliseconds)."""
    return {"Acknowledgements": [asdict(each) for each in acknowledgements.since(reader, params["Since"])]}
