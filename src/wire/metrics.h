/* SPDX-License-Identifier: MIT */
#pragma once
/* metrics.h - figures as Prometheus text (exposition format 0.0.4).
 *
 * A metric is begun once with its help and kind, then each of its samples is added. Label values
 * are escaped and made valid UTF-8. Pure. */
#include "base/buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

void metrics_begin(struct buf *out, const char *name, enum metric_kind kind, const char *help);
/* `label` NULL: none. */
void metrics_sample(struct buf *out, const char *name, const char *label, struct str value,
		    double number);
