/* link_hub.h: the worker's half of the links: what happens once per turn of the loop.
 *
 * Inside link.c's unit only.  Before the loop waits, the hub offers kept input of resumed links,
 * writes the queues, and repeats while one makes work for the other, a few times; what is left then
 * is for the next turn, which does not wait.  It also ends links whose time to linger is over. */
#pragma once

struct link;

/* l->closing says what it waits for; the hub closes it at the deadline. */
void link_hub_linger(struct link *l);

/* By the hub, in link.c: */
void link_serve(struct link *l); /* offer kept input, or tell the end */
void link_flush(struct link *l); /* write the queue */

/* By link_move.c, in link.c: */
void link_watch(struct link *l, int events);
void link_release(struct link *l); /* all that it owns but the descriptor */
