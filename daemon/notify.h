/* notify.h: what the service manager is told (sd_notify); nothing happens outside systemd. */
#pragma once

struct worker;

void notify_ready(struct worker *w);
void notify_reloading(struct worker *w); /* with MONOTONIC_USEC, as Type=notify-reload wants */
void notify_stopping(struct worker *w);
