/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "unit/check.h"
#include "wire/interface.h"

static void known_interfaces_are_told_whole(void **state)
{
	static const char *const names[] = { "io.ipsd.Control", "org.varlink.service" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		const char *text = interface_text(names[i]);

		assert_non_null(text);
		assert_non_null(strstr(text, "interface "));
		assert_non_null(strstr(text, names[i]));
		assert_non_null(strstr(text, "\nmethod "));
	}
}

static void others_are_not(void **state)
{
	(void)state;
	assert_null(interface_text(NULL));
	assert_null(interface_text(""));
	assert_null(interface_text("io.ipsd"));
	assert_null(interface_text("io.ipsd.Control "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_interfaces_are_told_whole),
		cmocka_unit_test(others_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
