/* link: daemon */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

#define SENDERS 4
#define LETTERS 5000

struct office { /* a receiver with its loop */
    uv_loop_t loop;
    struct mailbox box;
    size_t delivered, dropped;
    size_t last[SENDERS]; /* the newest letter of each sender */
};

struct letter {
    struct mail mail;
    struct office *office;
    size_t sender, number;
};

static void open_office(struct office *o)
{
    struct err err;
    *o = (struct office){0};
    assert_int_equal(uv_loop_init(&o->loop), 0);
    assert_int_equal(mailbox_open(&o->box, NULL, &o->loop, &err), 0);
}

static void close_office(struct office *o)
{
    mailbox_close(&o->box);
    uv_run(&o->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&o->loop), 0);
}

static void deliver(struct mail *m, struct worker *w)
{
    struct letter *l = list_entry(m, struct letter, mail);
    struct office *o = l->office;
    (void)w;
    assert_int_equal(l->number, o->last[l->sender] + 1); /* in order */
    o->last[l->sender] = l->number;
    if (++o->delivered == SENDERS * LETTERS)
        mailbox_retire(&o->box);
    free(l);
}

static void drop(struct mail *m)
{
    struct letter *l = list_entry(m, struct letter, mail);
    l->office->dropped++;
    free(l);
}

static void send_letter(struct office *o, size_t sender, size_t number)
{
    struct letter *l = malloc(sizeof *l);
    assert_non_null(l);
    *l = (struct letter){.office = o, .sender = sender, .number = number};
    mail_init(&l->mail, deliver, drop);
    mailbox_send(&o->box, &l->mail);
}

struct sender {
    pthread_t thread;
    struct office *office;
    size_t index;
};

static void *sender_thread(void *arg)
{
    struct sender *s = arg;
    for (size_t i = 1; i <= LETTERS; i++)
        send_letter(s->office, s->index, i);
    return NULL;
}

static void every_mail_arrives_once_and_in_its_senders_order(void **state)
{
    struct office o;
    struct sender senders[SENDERS];
    (void)state;
    open_office(&o);
    for (size_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.office = &o, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_thread, &senders[i]), 0);
    }
    uv_run(&o.loop, UV_RUN_DEFAULT); /* until mailbox_retire */
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
    assert_int_equal(o.delivered, SENDERS * LETTERS);
    close_office(&o);
    assert_int_equal(o.dropped, 0);
}

/* -- one mail, sent again and again -- */

struct notice {
    struct mail mail;
    struct office *office;
    size_t seen;    /* the loop's */
    size_t written; /* the sender's, under `lock` */
    bool over;
    pthread_mutex_t lock;
};

static void notice_deliver(struct mail *m, struct worker *w)
{
    struct notice *n = list_entry(m, struct notice, mail);
    (void)w;
    pthread_mutex_lock(&n->lock);
    n->seen = n->written;
    bool over = n->over;
    pthread_mutex_unlock(&n->lock);
    n->office->delivered++;
    if (over)
        mailbox_retire(&n->office->box);
}

static void *notice_thread(void *arg)
{
    struct notice *n = arg;
    for (size_t i = 1; i <= LETTERS; i++) {
        pthread_mutex_lock(&n->lock);
        n->written = i;
        n->over = i == LETTERS;
        pthread_mutex_unlock(&n->lock);
        mailbox_send(&n->office->box, &n->mail);
    }
    return NULL;
}

static void what_was_written_before_the_last_send_is_seen(void **state)
{
    struct office o;
    struct notice n = {.office = &o, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    (void)state;
    open_office(&o);
    mail_init(&n.mail, notice_deliver, NULL);
    assert_int_equal(pthread_create(&thread, NULL, notice_thread, &n), 0);
    uv_run(&o.loop, UV_RUN_DEFAULT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(n.seen, LETTERS);
    assert_in_range(o.delivered, 1, LETTERS);
    close_office(&o);
}

static void a_mail_under_way_is_sent_again_for_nothing(void **state)
{
    struct office o;
    struct notice n = {.office = &o, .over = true, .lock = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    open_office(&o);
    mail_init(&n.mail, notice_deliver, NULL);
    for (int i = 0; i < 3; i++)
        mailbox_send(&o.box, &n.mail);
    uv_run(&o.loop, UV_RUN_DEFAULT);
    assert_int_equal(o.delivered, 1);
    close_office(&o);
}

/* -- not delivered -- */

static void taken_back(void **state)
{
    struct office o;
    struct notice n = {.office = &o, .lock = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    open_office(&o);
    mail_init(&n.mail, notice_deliver, NULL);
    mailbox_send(&o.box, &n.mail);
    mailbox_take_back(&o.box, &n.mail);
    mailbox_take_back(&o.box, &n.mail);
    mailbox_retire(&o.box);
    uv_run(&o.loop, UV_RUN_DEFAULT);
    assert_int_equal(o.delivered, 0);
    close_office(&o);
}

static void what_comes_after_the_loop_has_ended_is_dropped(void **state)
{
    struct office o;
    (void)state;
    open_office(&o);
    mailbox_retire(&o.box);
    uv_run(&o.loop, UV_RUN_DEFAULT);
    send_letter(&o, 0, 1);
    send_letter(&o, 0, 2);
    close_office(&o);
    assert_int_equal(o.delivered, 0);
    assert_int_equal(o.dropped, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mail_arrives_once_and_in_its_senders_order),
        cmocka_unit_test(what_was_written_before_the_last_send_is_seen),
        cmocka_unit_test(a_mail_under_way_is_sent_again_for_nothing),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(what_comes_after_the_loop_has_ended_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
