"""System calls that a submission may not make, and the filter that tells the kernel so.

``filter_program`` writes the filter in the form that the kernel and bubblewrap read (classic BPF, see seccomp(2)). It closes
what namespaces leave open: memory that no process is charged for, new namespaces and mounts, the memory, files and limits of
other processes, keys, a change of processor, and what has often been a way out of the kernel. Who is filtered is decided in
``sandbox``.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of machine.

    Attributes
    ----------
    audit : int
        How the kernel names it (AUDIT_ARCH_...).
    clone, mmap, fcntl, socket, prlimit64 : int
        Calls that are refused for some of their arguments only.
    refused : dict
        Calls that are always refused: name -> number.
    """

    audit: int
    clone: int
    mmap: int
    fcntl: int
    socket: int
    prlimit64: int
    refused: dict[str, int]


MACHINES = {
    "x86_64": Machine(
        audit=0xC000003E, clone=56, mmap=9, fcntl=72, socket=41, prlimit64=302,
        refused={
            "shmget": 29, "semget": 64, "semop": 65, "semctl": 66, "msgget": 68, "ptrace": 101, "syslog": 103,
            "pivot_root": 155, "mount": 165, "umount2": 166, "sched_setaffinity": 203, "semtimedop": 220, "mq_open": 240,
            "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272, "move_pages": 279,
            "perf_event_open": 298,
            "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
            "memfd_create": 319, "bpf": 321, "userfaultfd": 323,
        }),
    "aarch64": Machine(
        audit=0xC00000B7, clone=220, mmap=222, fcntl=25, socket=198, prlimit64=261,
        refused={
            "umount2": 39, "mount": 40, "pivot_root": 41, "unshare": 97, "syslog": 116, "ptrace": 117, "sched_setaffinity": 122,
            "mq_open": 180, "msgget": 186, "semget": 190, "semctl": 191, "semtimedop": 192, "semop": 193, "shmget": 194,
            "add_key": 217, "request_key": 218, "keyctl": 219, "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241,
            "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
            "memfd_create": 279, "bpf": 280, "userfaultfd": 282,
        }),
}  # fmt: skip

#: Numbers above 423 are the same on all machines.
REFUSED_EVERYWHERE = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "memfd_secret": 447, "process_mrelease": 448, "open_tree_attr": 467,
}  # fmt: skip

_CLONE3, _CLONE_NEWUSER, _MAP_SHARED_ANONYMOUS, _F_SETLEASE, _AF_UNIX, _X32 = 435, 0x10000000, 0x21, 1024, 1, 0x40000000
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # instructions of classic BPF
_ALLOW, _KILL, _EPERM, _ENOSYS, _EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026, 0x00050061
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # where they stand in what the filter is shown

Instruction = tuple[int, int, int, int]  # operation, jump if true, jump if false, operand


def filter_program() -> bytes:
    """Return the filter for this machine; nothing for a machine whose numbers are not known."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return b""
    steps: list[Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, machine.audit), (_RETURN, 0, 0, _KILL)]
    steps += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _EPERM)]  # the other numbering of x86
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ENOSYS)]  # its flags lie where a filter cannot look: use clone
    for number in (*machine.refused.values(), *REFUSED_EVERYWHERE.values()):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    steps += _refuse_if(machine.clone, 0, _CLONE_NEWUSER, _CLONE_NEWUSER)
    steps += _refuse_if(machine.mmap, 3, _MAP_SHARED_ANONYMOUS, _MAP_SHARED_ANONYMOUS)  # nobody's memory once unmapped
    steps += _refuse_if(machine.fcntl, 1, 0xFFFFFFFF, _F_SETLEASE)  # a lease makes everyone else wait who opens the file
    steps += _refuse_unless(machine.socket, 0, _AF_UNIX, _EAFNOSUPPORT)  # some families know no network namespace
    steps += _refuse_unless(machine.prlimit64, 0, 0, _EPERM)  # the limits of another process
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, (_RETURN, 0, 0, _ALLOW)])


def _refuse_if(call: int, argument: int, mask: int, value: int) -> list[Instruction]:
    """Refuse a call if the bits of an argument under a mask are these."""
    return [(_EQUAL, 0, 5, call), (_LOAD, 0, 0, _ARGUMENTS + 8 * argument), (_AND, 0, 0, mask), (_EQUAL, 0, 1, value),
            (_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]  # fmt: skip


def _refuse_unless(call: int, argument: int, value: int, error: int) -> list[Instruction]:
    """Refuse a call with this error unless an argument has this value."""
    return [(_EQUAL, 0, 4, call), (_LOAD, 0, 0, _ARGUMENTS + 8 * argument), (_EQUAL, 1, 0, value), (_RETURN, 0, 0, error),
            (_RETURN, 0, 0, _ALLOW)]  # fmt: skip
