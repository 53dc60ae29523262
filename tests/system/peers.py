"""peers.py HOST PORT BEHAVIOUR COUNT - peers of a coordinator that take without giving: holds what it opened until its
standard input ends.

  idle   opens COUNT connections and says nothing
  mute   one peer that asks COUNT questions and never reads an answer

Prints "ready" once it has done so, or has been refused. Speaks ZMTP 3.0 (NULL mechanism)."""
import socket
import struct
import sys

HOST, PORT, BEHAVIOUR, COUNT = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
STATUS = b"\x08\x01\x10\x01\xd2\x02\x00"  # Envelope { version: 1, id: 1, status {} } of proto/ldt.proto


def connect():
    peer = socket.create_connection((HOST, PORT), timeout=5)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return peer


def receive(peer, count):
    data = b""
    while len(data) < count:
        data += peer.recv(count - len(data))
    return data


def mute():
    peer = connect()
    peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31))
    receive(peer, 64)
    ready = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    peer.sendall(b"\x04" + bytes([len(ready)]) + ready)
    for _ in range(COUNT):
        peer.sendall(b"\x00" + bytes([len(STATUS)]) + STATUS)
    return [peer]


def idle():
    peers = []
    for _ in range(COUNT):
        try:
            peers.append(connect())
        except OSError:
            break
    return peers


try:
    held = {"idle": idle, "mute": mute}[BEHAVIOUR]()
except OSError as error:  # cut off, or no longer read
    print(error)
print("ready", flush=True)
sys.stdin.read()
