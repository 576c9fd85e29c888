# SPDX-License-Identifier: GPL-2.0-only
"""Processes that look like QEMU with a disk, and use it when they are told to.

flows.py UID COUNT READS WRITES DISK ARGUMENT...

COUNT processes of user UID hold a VM and have DISK open. The arguments are not read: they are
what /proc shows of QEMU. Says "ready" when all are there; upon SIGUSR1 each reads READS blocks and
writes WRITES, and when all have, it says "done"; and once more.
"""

import ctypes
import fcntl
import mmap
import os
import signal
import sys

BLOCK = 4096
ROUNDS = 2
KVM_CREATE_VM = 0xAE01
PR_SET_PDEATHSIG = 1


def become(uid, reads, writes, disk, rounds, done):
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    block = mmap.mmap(-1, BLOCK)
    os.write(done, b".")
    for go, _ in rounds:
        os.read(go, 1)  # its end
        for i in range(reads):
            os.preadv(disk, [block], i * BLOCK)
        for i in range(writes):
            os.pwritev(disk, [block], i * BLOCK)
        os.write(done, b".")
    signal.pause()


def wait(done, count):
    while count:
        count -= len(os.read(done, count))


def main():
    uid, count, reads, writes = map(int, sys.argv[1:5])
    disk = os.open(sys.argv[5], os.O_RDWR | os.O_DIRECT)
    # One VM does for all: who has inherited its descriptor looks as its maker does.
    vm = fcntl.ioctl(os.open("/dev/kvm", os.O_RDWR), KVM_CREATE_VM, 0)
    rounds = [os.pipe() for _ in range(ROUNDS)]
    done, say_done = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    for _ in range(count):
        if not os.fork():
            for _, start in rounds:
                os.close(start)
            become(uid, reads, writes, disk, rounds, say_done)
    os.close(vm)
    wait(done, count)
    print("ready", flush=True)
    for _, start in rounds:
        signal.sigwait([signal.SIGUSR1])
        os.close(start)
        wait(done, count)
        print("done", flush=True)
    signal.pause()


main()
