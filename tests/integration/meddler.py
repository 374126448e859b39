"""A server between Partywall and PostgreSQL that behaves as real ones seldom do."""
import socket
import ssl
import struct
import threading
import time

SSL, GSSENC, CANCEL = 80877103, 80877104, 80877102


class Meddler:
    """On `port`, relays to the PostgreSQL at `upstream`.

    change(kind, body, conn): what goes to Partywall instead of a message of the server, as bytes; None: as it is.
    piece: bytes in each write while logging in.  answer: to SSLRequest, in the clear; tls: certificate and key of what
    follows it.  hang: CancelRequests are kept, and their connections open.
    """

    def __init__(self, upstream, change=None, piece=None, answer=b"N", tls=None, hang=False):
        self.upstream, self.change, self.piece, self.answer, self.tls, self.hang = upstream, change, piece, answer, tls, hang
        self.startups, self.cancels, self.held, self.connections, self.said = [], [], [], [], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def dsn(self, database, more=""):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database} {more}"

    def close(self):
        self.listener.close()
        self.cut()

    def cut(self):
        """End all that is open."""
        for s in self.held + [s for pair in self.connections for s in pair]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
        self.held, self.connections = [], []

    def conversations(self):
        """What Partywall has sent, in each connection."""
        return [b"".join(data for i, data in self.said if i == number) for number in range(1, len(self.startups) + 1)]

    def count(self, text):
        return b"".join(self.conversations()).count(text)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            while True:
                head = receive(client, 8)
                length, code = struct.unpack("!II", head)
                if code not in (SSL, GSSENC):
                    break
                client.sendall(self.answer if code == SSL else b"N")
                if code == SSL and self.tls:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(*self.tls)
                    client = context.wrap_socket(client, server_side=True)
            packet = head + receive(client, length - 8)
        except (OSError, EOFError, struct.error):
            client.close()
            return
        if code == CANCEL:
            self.cancels.append(packet)
            if self.hang:
                self.held.append(client)
                return
        with self.lock: # several may log in at a time
            if code != CANCEL:
                self.startups.append(packet)
            number = len(self.startups)
        server = socket.create_connection(("127.0.0.1", self.upstream))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections.append((client, server))
        server.sendall(packet)
        threading.Thread(target=self.pump, args=(client, server, number), daemon=True).start()
        self.relay(server, client, number)
        if (client, server) in self.connections:
            self.connections.remove((client, server))

    def relay(self, server, client, number):
        conn = {"ready": False, "number": number}
        try:
            while True:
                head = receive(server, 5)
                body = receive(server, struct.unpack("!I", head[1:])[0] - 4)
                kind = head[:1]
                data = self.change(kind, body, conn) if self.change else None
                self.write(client, head + body if data is None else data, conn)
                conn["ready"] = conn["ready"] or kind == b"Z"
        except (OSError, EOFError, struct.error):
            pass
        finally:
            end(client)
            end(server)

    def pump(self, client, server, number):
        try:
            while data := client.recv(65536):
                self.said.append((number, data))
                server.sendall(data)
        except OSError:
            pass
        end(server)

    def write(self, client, data, conn):
        if not self.piece or conn["ready"]:
            client.sendall(data)
            return
        for i in range(0, len(data), self.piece):
            client.sendall(data[i:i + self.piece])
            time.sleep(0.0005)


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def receive(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(min(size - len(data), 65536))
        if not more:
            raise EOFError
        data += more
    return data


def end(s):
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    s.close()
