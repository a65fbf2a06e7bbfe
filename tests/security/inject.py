#!/usr/bin/python3
"""inject.py PID CALL [ARGUMENT...]: makes a running process do one system call, as one would that had taken it over, and prints what came of it: a number, or
"killed by SIGNAL". Arguments: numbers, or "text:..." for a string in its memory, or "connect:PORT" for an address on loopback. x86-64."""
import ctypes
import os
import platform
import signal
import struct
import sys

CALLS = {"open": 2, "socket": 41, "connect": 42, "execve": 59, "openat": 257, "ptrace": 101, "fork": 57, "clone": 56, "kill": 62, "tgkill": 234, "process_vm_readv": 310,
         "prlimit64": 302, "fcntl": 72, "ioctl": 16, "socketpair": 53, "unlink": 87, "mount": 165, "bpf": 321, "memfd_create": 319, "getpid": 39, "stat": 4,
         "sendto": 44, "setuid": 105, "chroot": 161, "userfaultfd": 323, "io_uring_setup": 425, "pidfd_getfd": 438, "pidfd_open": 434}
ATTACH, GETREGS, SETREGS, SINGLESTEP, DETACH, SYSCALL = 16, 12, 13, 9, 17, 24
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()


def ptrace(what, pid, addr=None, data=None):
    r = libc.ptrace(what, pid, addr, data)
    if r < 0:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))
    return r


def get(pid):
    b = ctypes.create_string_buffer(27 * 8)
    ptrace(GETREGS, pid, None, ctypes.addressof(b))
    return dict(zip(NAMES, struct.unpack("27Q", b.raw)))


def put(pid, regs):
    b = ctypes.create_string_buffer(struct.pack("27Q", *[regs[n] & (1 << 64) - 1 for n in NAMES]))
    ptrace(SETREGS, pid, None, ctypes.addressof(b))


def find_syscall(pid):
    """The address of a syscall instruction in its C library or vdso."""
    for line in open("/proc/%d/maps" % pid):
        if "r-xp" in line and ("libc" in line or "[vdso]" in line):
            lo, hi = (int(x, 16) for x in line.split()[0].split("-"))
            with open("/proc/%d/mem" % pid, "rb") as f:
                f.seek(lo)
                at = f.read(hi - lo).find(b"\x0f\x05")
            if at >= 0:
                return lo + at
    raise RuntimeError("no syscall instruction")


def inject(pid, name, *args):
    """The call's result, or a string when the process died of it."""
    where = find_syscall(pid)
    ptrace(ATTACH, pid)
    os.waitpid(pid, WALL)
    saved = get(pid)
    regs, values, at = dict(saved), [], saved["rsp"] - 4096
    with open("/proc/%d/mem" % pid, "r+b", buffering=0) as mem:
        for a in args:
            if isinstance(a, str) and a.startswith("text:"):
                data = a[5:].encode() + b"\0"
            elif isinstance(a, str) and a.startswith("connect:"):
                data = struct.pack("<H", 2) + struct.pack(">H", int(a[8:])) + bytes([127, 0, 0, 1]) + bytes(8)
            elif isinstance(a, bytes):
                data = a
            else:
                values.append(int(a))
                continue
            mem.seek(at)
            mem.write(data)
            values.append(at)
            at += len(data) + 16 & ~15
    for reg, v in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values + [0] * (6 - len(values))):
        regs[reg] = v
    regs.update(rax=CALLS[name], rip=where, orig_rax=(1 << 64) - 1)
    put(pid, regs)
    ptrace(SINGLESTEP, pid)
    _, status = os.waitpid(pid, WALL)
    if os.WIFSIGNALED(status) or os.WIFEXITED(status):
        return "killed by %s" % signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "exited"
    if os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGSYS:
        ptrace(DETACH, pid, None, signal.SIGSYS)
        return "killed by SIGSYS"
    result = struct.unpack("q", struct.pack("Q", get(pid)["rax"]))[0]
    put(pid, saved)
    ptrace(DETACH, pid)
    return result


if __name__ == "__main__":
    if platform.machine() != "x86_64":
        print("x86-64 only")
        sys.exit(77)
    print(inject(int(sys.argv[1]), sys.argv[2], *sys.argv[3:]))
