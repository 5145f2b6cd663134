// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A FUSE filesystem of one file, "it", whose reads and writes the kernel itself
 * carries out on another file (FUSE passthrough, Linux 6.9). Spoken without libfuse,
 * whose versions in use know nothing of that.
 *
 * Usage: passthrough DIRECTORY FILE
 *   says "mounted" when it is, and ends when it is unmounted
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (64 << 10)
#define MAX_WRITE 4096
#define THE_FILE 2 /* its node; the root is 1 */

/* include/uapi/linux/fuse.h, of versions later than some that this is built with */
#define FLAGS2_PASSTHROUGH (1u << 5)
#define OPEN_PASSTHROUGH (1u << 7)

struct init_reply {
	uint32_t major, minor, max_readahead, flags;
	uint16_t max_background, congestion_threshold;
	uint32_t max_write, time_gran;
	uint16_t max_pages, map_alignment;
	uint32_t flags2, max_stack_depth, unused[6];
};

struct open_reply {
	uint64_t handle;
	uint32_t flags;
	int32_t backing;
};

struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};

#define BACKING_OPEN _IOW(229, 1, struct backing_map)
#define BACKING_CLOSE _IOW(229, 2, uint32_t)

struct server {
	int dev, file;
	int32_t backing; /* as the kernel knows the file; 0 until it is opened */
};

static void reply(const struct server *s, uint64_t unique, int error, const void *body, size_t size)
{
	char buffer[512];
	struct fuse_out_header head = { .error = error, .unique = unique };

	/* an error comes without a body, or is none that the kernel understands */
	if (error)
		size = 0;
	head.len = sizeof(head) + size;
	memcpy(buffer, &head, sizeof(head));
	if (size)
		memcpy(buffer + sizeof(head), body, size);
	if (write(s->dev, buffer, head.len) < 0)
		perror("passthrough: reply");
}

static void reply_init(const struct server *s, uint64_t unique, const struct fuse_init_in *in)
{
	struct init_reply out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor,
		.max_readahead = in->max_readahead,
		.flags = FUSE_INIT_EXT,
		.max_write = MAX_WRITE,
		.flags2 = FLAGS2_PASSTHROUGH,
		.max_stack_depth = 1,
	};

	reply(s, unique, 0, &out, sizeof(out));
}

static struct fuse_attr attributes(const struct server *s, uint64_t node)
{
	struct stat st = { .st_mode = S_IFDIR | 0755, .st_nlink = 2 };

	if (node == THE_FILE)
		fstat(s->file, &st);
	return (struct fuse_attr){
		.ino = node, .size = st.st_size, .mode = st.st_mode, .nlink = st.st_nlink
	};
}

static void reply_open(struct server *s, uint64_t unique)
{
	struct backing_map map = { .fd = s->file };
	struct open_reply out = { .flags = OPEN_PASSTHROUGH };

	if (!s->backing)
		s->backing = ioctl(s->dev, BACKING_OPEN, &map);
	if (s->backing < 0)
		perror("passthrough: backing file");
	out.backing = s->backing;
	reply(s, unique, s->backing < 0 ? -EIO : 0, &out, sizeof(out));
}

static void answer(struct server *s, const struct fuse_in_header *in, const char *body)
{
	struct fuse_entry_out entry = { .nodeid = THE_FILE };
	struct fuse_attr_out attr = { .attr_valid = 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		reply_init(s, in->unique, (const void *)body);
		break;
	case FUSE_LOOKUP:
		entry.attr = attributes(s, THE_FILE);
		reply(s, in->unique, strcmp(body, "it") ? -ENOENT : 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		attr.attr = attributes(s, in->nodeid);
		reply(s, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		reply_open(s, in->unique);
		break;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		reply(s, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(s, in->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(struct server *s)
{
	static char buffer[BUFFER] __attribute__((aligned(8)));

	while (read(s->dev, buffer, sizeof(buffer)) > 0)
		answer(s, (void *)buffer, buffer + sizeof(struct fuse_in_header));
}

int main(int argc, char **argv)
{
	struct server s = { .dev = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
	char options[80];

	if (argc != 3 || s.dev < 0) {
		perror("passthrough: /dev/fuse");
		return 2;
	}
	s.file = open(argv[2], O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", s.dev);
	if (s.file < 0 || mount("passthrough", argv[1], "fuse", 0, options)) {
		perror("passthrough: mount");
		return 1;
	}
	puts("mounted");
	fflush(stdout);
	serve(&s);
	if (s.backing > 0)
		ioctl(s.dev, BACKING_CLOSE, &s.backing);
	return 0;
}
