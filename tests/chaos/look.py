"""For gdb: what each thread of a daemon does, and each of its sessions.  gdb -p PID -batch -x look.py"""
import gdb

SHOWN = ["pid", "state", "status", "batch", "skipping", "unsynced", "ghost", "outfitting", "told", "batch_lost",
         "holding_ready", "healed", "copy", "lost", "locks_asked", "nstatements", "nowed", "server", "wait", "job"]


def worker_of(thread):
    """The worker that ${thread} runs, or None."""
    thread.switch()
    frame = gdb.newest_frame()
    while frame is not None:
        if frame.name() == "worker_run":
            return frame.read_var("w")
        frame = frame.older()
    return None


def sessions_of(worker):
    session = gdb.lookup_type("struct session")
    offset = next(field.bitpos // 8 for field in session.fields() if field.name == "node")
    head = worker["sessions"].address
    node = head["next"]
    while node != head:
        yield (node.cast(gdb.lookup_type("char").pointer()) - offset).cast(session.pointer())
        node = node["next"]


def describe(s):
    fields = {field.name for field in gdb.lookup_type("struct session").fields()}
    words = [f"{name}={s[name]}" for name in SHOWN if name in fields]
    words.append(f"user={s['user'].string() if s['user'] else None} paused={s['link']['paused']}")
    if s["server"]:
        server = s["server"]
        words.append(f"server: state={server['state']} status={server['status']} stream_left={server['stream_left']}"
                     f" paused={server['link']['paused']} owed={server['flow'].dereference()}")
    return " ".join(words)


gdb.execute("set pagination off")
gdb.execute("thread apply all backtrace 12")
for each in gdb.selected_inferior().threads():
    found = worker_of(each)
    if found is not None:
        print(f"worker {found['index']}: {found['nsessions']} sessions")
        for one in sessions_of(found):
            print(describe(one))
