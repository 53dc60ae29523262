"""hostile.py HOST PORT SEED ROUNDS - what no honest peer sends to a coordinator: noise on the socket, half a handshake,
multipart and oversized messages, frames that are no message, and messages with bits flipped or values out of bounds.

Speaks ZMTP 3.0 (NULL mechanism) with the standard library alone. Prints one line for every frame that came back, as the
error code and text if it was an ERROR."""
import random
import socket
import struct
import sys

HOST, PORT, SEED, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
dice = random.Random(SEED)


# ---- the wire format of messages (proto/ldt.proto), just enough to make plausible ones
def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def integer(field, number):
    return varint(field << 3) + varint(number)


def fixed(field, number):
    return varint(field << 3 | 1) + struct.pack("<Q", number & (1 << 64) - 1)


def part(field, content):
    if isinstance(content, str):
        content = content.encode()
    return varint(field << 3 | 2) + varint(len(content)) + content


def envelope(body_field, body, version=1, session=0):
    return integer(1, version) + integer(2, dice.randrange(1 << 32)) + fixed(3, session) + part(body_field, body)


def any_integer():
    return dice.choice([0, 1, -1, 7, 2**31 - 1, -(2**31), 2**53, 2**63 - 1, -(2**63), dice.randrange(1 << 64)])


def any_text():
    return dice.choice(["", "w", "x" * 65, "../..", "a b", "\n", "\x1b[2J", "'; DROP TABLE trial; --", "%s%n", "é" * 40])


def any_ref():
    return part(1, integer(1, any_integer()) + integer(2, any_integer()) + integer(3, any_integer()))


def hello():
    return envelope(16, part(1, any_text()) + part(2, any_text()) + part(3, "cpu") + part(4, "1")
                    + fixed(5, dice.randrange(1 << 64)) + integer(7, any_integer()))


def report():
    field = dice.choice([18, 20, 22, 24, 26])
    return envelope(field, any_ref() + integer(2, any_integer()) + part(3, any_text()), session=any_integer())


def client():
    field = dice.choice([40, 42, 44])
    return envelope(field, part(1, any_text()) + part(2, dice.choice(["{}", "{", "[" * 5000, "null", any_text()])) + part(3, any_text()))


def nested():
    content = b""
    for _ in range(dice.choice([10, 1000, 20000])):
        content = part(dice.randrange(1, 60), content)
    return content


def many_fields():
    return envelope(16, integer(9, 1) * dice.choice([10, 100000]))


def long_lengths():
    return varint(16 << 3 | 2) + varint(any_integer()) + b"abc"


def other_version():
    return envelope(16, part(1, "w"), version=dice.choice([0, 2, 99, 2**32 - 1]))


def noise():
    return dice.randbytes(dice.choice([0, 1, 7, 100, 5000]))


def flipped():
    frame = bytearray(dice.choice([hello, report, client])())
    for _ in range(dice.randrange(1, 9)):
        frame[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
    return bytes(frame)


FRAMES = [hello, report, client, nested, many_fields, long_lengths, other_version, noise, flipped]


# ---- ZMTP
class Peer:
    def __init__(self):
        self.socket = socket.create_connection((HOST, PORT), timeout=2)

    def handshake(self, identity=None):
        greeting = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
        self.socket.sendall(greeting)
        ready = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        if identity is None and dice.random() < 0.2:
            identity = b"me-no"
        if identity:
            ready += b"\x08Identity" + struct.pack(">I", len(identity)) + identity
        self.socket.sendall(b"\x04" + bytes([len(ready)]) + ready)

    def send(self, frame, more=False):
        flag = 1 if more else 0
        if len(frame) < 256:
            self.socket.sendall(bytes([flag, len(frame)]) + frame)
        else:
            self.socket.sendall(bytes([flag | 2]) + struct.pack(">Q", len(frame)) + frame)

    def read_all(self):
        """Everything that comes until the other side is silent for a moment or hangs up."""
        self.socket.settimeout(0.05)
        data = b""
        try:
            while chunk := self.socket.recv(65536):
                data += chunk
        except OSError:
            pass
        return data

    def read_until(self, word):
        """Everything up to this word, for which it waits."""
        self.socket.settimeout(10)
        data = b""
        try:
            while word not in data and (chunk := self.socket.recv(65536)):
                data += chunk
        except OSError:
            pass
        return data

    def close(self):
        self.socket.close()


def show_answers(data):
    data = data[64:]
    while len(data) >= 2:
        long_frame, command = data[0] & 2, data[0] & 4
        head = 9 if long_frame else 2
        if len(data) < head:
            return
        length = struct.unpack(">Q", data[1:9])[0] if long_frame else data[1]
        if not command:
            text = "".join(chr(c) if 32 <= c < 127 else "." for c in data[head:head + length])
            print("answer:", text[:200])
        data = data[head + length:]


def raw_noise(peer):
    peer.socket.sendall(dice.randbytes(dice.choice([1, 9, 64, 100000])))


def half_a_greeting(peer):
    peer.socket.sendall((b"\xff" + bytes(8) + b"\x7f\x03\x00NULL")[:dice.randrange(1, 16)])


def odd_greeting(peer):
    peer.socket.sendall(b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + dice.choice([b"PLAIN", b"CURVE", b"XXXXX"]).ljust(20, b"\0") + bytes(32))
    peer.socket.sendall(dice.randbytes(100))


def plain_http(peer):
    peer.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def frames(peer):
    peer.handshake()
    for _ in range(dice.randrange(1, 30)):
        peer.send(dice.choice(FRAMES)())


def multipart(peer):
    peer.handshake()
    for _ in range(dice.choice([1, 100, 2000])):
        peer.send(noise(), more=True)
    peer.send(b"end")


def endless_length(peer):
    peer.handshake()
    peer.socket.sendall(b"\x02" + struct.pack(">Q", dice.choice([5 << 20, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])))
    peer.socket.sendall(bytes(100000))


def never_reads(peer):
    peer.handshake()
    for _ in range(2000):
        peer.send(other_version())


def second_of_a_name(peer):
    """Its queue fills if nobody reads it, and then it hangs up."""
    peer.handshake(b"twin")
    twin = Peer()
    twin.handshake(b"twin")
    for _ in range(3000):
        twin.send(b"x")
    twin.close()


def name_yet_to_come(peer):
    """What a ROUTER would call its next peers, had nobody seeded rand(): 1804289383 is its first number."""
    peer.handshake(b"\0" + struct.pack(">I", 1804289383 + dice.randrange(200)))


BEHAVIOURS = [raw_noise, half_a_greeting, odd_greeting, plain_http, frames, frames, frames, multipart, endless_length, never_reads,
              second_of_a_name, name_yet_to_come]

idle = []
for i in range(ROUNDS):
    peer = Peer()
    behaviour = dice.choice(BEHAVIOURS)
    try:
        behaviour(peer)
    except OSError:
        pass  # it hung up on us, as it may
    if behaviour is frames:
        show_answers(peer.read_all())
    if dice.random() < 0.3:
        idle.append(peer)  # and says no more
    else:
        peer.close()

# Whatever the dice said, one peer speaks version 99 and hears what is said of it.
peer = Peer()
peer.handshake(b"")  # under no name of its own choice, or it would be ignored
greeted = peer.read_until(b"READY")  # who says more before that is hung up on by ZeroMQ
peer.send(envelope(16, part(1, "w"), version=99))
show_answers(greeted + peer.read_until(b"version 99 is not supported"))
peer.close()
print("rounds:", ROUNDS)
