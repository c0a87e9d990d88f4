"""The filter of system calls on either kind of machine: its numbers are those that the kernel publishes.

The filter is interpreted here (classic BPF), so that a machine of the other kind is not needed. What it stops in a real
sandbox is tried in ``test_hostile``.
"""

import struct
from pathlib import Path

import pandas as pd
import pytest

from crmlab.course import syscalls

PUBLISHED = pd.read_csv(Path(__file__).parent / "published/system_calls.csv", index_col="call")
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}  # EM_X86_64 and EM_AARCH64 of linux/elf-em.h
AUDIT_64BIT_LITTLE_ENDIAN = 0xC0000000  # linux/audit.h
LOOKED_INTO = {"clone", "clone3", "mmap", "fcntl", "socket", "prlimit64"}
ALLOWED, KILLED, NOT_PERMITTED, NOT_THERE, NO_SUCH_FAMILY = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061  # linux/seccomp.h

every_machine = pytest.mark.parametrize("machine", ELF_MACHINES)


def outcome(program: bytes, number: int, *arguments: int, audit: int) -> int:
    """What the filter answers to one call."""
    shown = struct.pack("=IIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    steps, at, value = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        operation, if_true, if_false, operand = steps[at]
        at += 1
        match operation:
            case 0x20:
                (value,) = struct.unpack_from("=I", shown, operand)
            case 0x54:
                value &= operand
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x06:
                return operand


@pytest.fixture
def answer(machine, monkeypatch):
    monkeypatch.setattr(syscalls.platform, "machine", lambda: machine)
    program, audit = syscalls.filter_program(), ELF_MACHINES[machine] | AUDIT_64BIT_LITTLE_ENDIAN
    return lambda number, *arguments, audit=audit: outcome(program, number, *arguments, audit=audit)


@every_machine
def test_exactly_the_published_numbers_are_refused(machine, answer):
    refused = set(PUBLISHED.drop(index=list(LOOKED_INTO))[machine])
    ordinary = set(range(512)) - set(PUBLISHED[machine])
    assert {number for number in refused | ordinary if answer(number) != ALLOWED} == refused
    assert {answer(number) for number in refused} == {NOT_PERMITTED}


@every_machine
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("clone3", (), NOT_THERE),
        ("clone", (0x10000000,), NOT_PERMITTED),  # a new user namespace
        ("clone", (0x00010F00,), ALLOWED),  # a thread
        ("mmap", (0, 4096, 3, 0x21), NOT_PERMITTED),  # shared and anonymous
        ("mmap", (0, 4096, 3, 0x22), ALLOWED),
        ("fcntl", (3, 1024), NOT_PERMITTED),  # a lease
        ("fcntl", (3, 1), ALLOWED),
        ("socket", (1,), ALLOWED),
        ("socket", (38,), NO_SUCH_FAMILY),
        ("prlimit64", (0,), ALLOWED),
        ("prlimit64", (1,), NOT_PERMITTED),
    ],
)
def test_some_calls_are_refused_by_what_they_ask(machine, answer, call, arguments, expected):
    assert answer(int(PUBLISHED.loc[call, machine]), *arguments) == expected


@every_machine
def test_calls_of_another_kind_of_machine_end_the_submission(machine, answer):
    other, *_ = ELF_MACHINES.keys() - {machine}
    assert answer(0, audit=ELF_MACHINES[other] | AUDIT_64BIT_LITTLE_ENDIAN) == KILLED
