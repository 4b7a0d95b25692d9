/* SPDX-License-Identifier: MIT */
/* jail.c - which events count, how much, and what happens then?
 *
 * Why so few events are enough: each counted event brings at least the smallest positive
 * multiplier, so the newest ceil(threshold / smallest) of them reach the threshold on their own as
 * long as they are inside the window, and whenever an older one is inside, so are they. What is
 * older can therefore never make the difference. With `distinct` the same holds for values, each as
 * new as its newest event; and of one value an event matters only while no later one brings as many
 * points. */
#include "policy/jail.h"

points jail_points(const struct jail *j, uint16_t type)
{
	return type < j->n_points ? j->points[type] : 0;
}

bool jail_serves(const struct jail *j, uint16_t service)
{
	if (!j->services) {
		return true;
	}
	return service < j->n_services && (j->services[service / 64] >> (service % 64) & 1) != 0;
}

int64_t jail_worth(const struct jail *j, uint16_t type, uint16_t count)
{
	points p = jail_points(j, type);

	if (p <= 0) {
		return 0;
	}
	return j->distinct == DISTINCT_NONE ? (int64_t)p * count : p;
}

uint32_t jail_share(const struct jail *j)
{
	return j->share > 0 ? j->share : 1;
}

bool jail_forgives(const struct jail *j)
{
	for (uint16_t type = 0; type < j->n_points; type++) {
		if (j->points[type] == POINTS_FORGIVE) {
			return true;
		}
	}
	return false;
}

uint32_t jail_kept_values(const struct jail *j)
{
	uint32_t smallest = 0;

	for (uint16_t type = 0; type < j->n_points; type++) {
		points p = j->points[type];

		if (p > 0 && (smallest == 0 || (uint32_t)p < smallest)) {
			smallest = (uint32_t)p;
		}
	}
	if (smallest == 0 || smallest >= j->threshold) {
		return 1;
	}
	return j->threshold / smallest + (j->threshold % smallest != 0 ? 1 : 0);
}

/* How many different positive multipliers there are. */
static uint32_t levels(const struct jail *j)
{
	uint32_t n = 0;

	for (uint16_t type = 0; type < j->n_points; type++) {
		bool is_new = j->points[type] > 0;

		for (uint16_t before = 0; is_new && before < type; before++) {
			is_new = j->points[before] != j->points[type];
		}
		n += is_new;
	}
	return n > 0 ? n : 1;
}

uint32_t jail_kept_events(const struct jail *j)
{
	return jail_kept_values(j) * (j->distinct == DISTINCT_NONE ? 1 : levels(j));
}

instant jail_horizon(const struct jail *j, instant at)
{
	int64_t horizon;

	if (__builtin_sub_overflow(at.us, j->window.us, &horizon)) {
		horizon = INT64_MIN;
	}
	return (instant){ .us = horizon };
}
