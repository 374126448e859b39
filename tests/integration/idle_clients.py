"""Many idle clients in a process of their own: idle_clients.py COUNT DSN...

Says `ready` when all are connected; on a line of input asks each for its users, and says `ok` or what went wrong.
"""
import sys

import psycopg2

count, dsns = int(sys.argv[1]), sys.argv[2:]
clients = [psycopg2.connect(dsns[i % len(dsns)]) for i in range(count)]
print("ready", flush=True)
sys.stdin.readline()
answers = set()
for client in clients:
    client.autocommit = True
    with client.cursor() as cursor:
        cursor.execute('SELECT count(*) FROM "User"')
        answers.add(cursor.fetchone())
print("ok" if answers == {(2,)} else answers, flush=True)
