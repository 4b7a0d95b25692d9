/* SPDX-License-Identifier: MIT */
/* Feeds each file of the folders named on the command line to the fuzz target that it is linked
 * with: a corpus as a plain test. Exit 1 when there was no file to feed, or one could not be read.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool feed_file(const char *path)
{
	static const size_t max = 1 << 20;
	FILE *f = fopen(path, "rbe");
	uint8_t *data = malloc(max);
	size_t size = 0;

	if (f && data) {
		size = fread(data, 1, max, f);
	}
	/* An exact copy, so that a sanitiser sees a read one byte behind the end. */
	uint8_t *exact = f && data && !ferror(f) ? malloc(size ? size : 1) : NULL;
	bool ok = exact;

	if (ok) {
		for (size_t i = 0; i < size; i++) {
			exact[i] = data[i];
		}
		(void)LLVMFuzzerTestOneInput(exact, size);
	} else {
		perror(path);
	}
	free(exact);
	free(data);
	if (f) {
		(void)fclose(f);
	}
	return ok;
}

static int feed_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	int fed = 0;

	if (!dir) {
		perror(folder);
		return -1;
	}
	for (struct dirent *e = readdir(dir); e && fed >= 0; e = readdir(dir)) {
		char path[4096];

		if (e->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		fed = feed_file(path) ? fed + 1 : -1;
	}
	(void)closedir(dir);
	return fed;
}

int main(int argc, char **argv)
{
	int fed = 0;

	for (int i = 1; i < argc; i++) {
		int n = feed_folder(argv[i]);

		if (n <= 0) {
			(void)fprintf(stderr, "%s: no corpus\n", argv[i]);
			return EXIT_FAILURE;
		}
		fed += n;
	}
	(void)printf("%d inputs\n", fed);
	return fed ? EXIT_SUCCESS : EXIT_FAILURE;
}
