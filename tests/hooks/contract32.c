// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One 32-bit system call on a file: contract32 OPERATION FILE [PEER]. Exits with the errno, 0 if
 * the call succeeded, 200 if it never came to the call.
 *
 * Built without any library or header, so that it needs no 32-bit development packages:
 * gcc -m32 -static -nostdlib -fno-pie -no-pie -fno-stack-protector
 */
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

/* arch/x86/entry/syscalls/syscall_32.tbl */
#define SYS_exit 1
#define SYS_open 5
#define SYS_ioctl 54
#define SYS_ftruncate 93
#define SYS_truncate 92
#define SYS_pwrite64 181
#define SYS_truncate64 193
#define SYS_ftruncate64 194
#define SYS_fallocate 324
#define SYS_copy_file_range 377
#define SYS_pwritev2 379

#define O_RDWR 2
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_LARGEFILE 0100000
#define PUNCH_HOLE 3 /* with KEEP_SIZE */
#define RWF_APPEND 0x10

#define FIT_SIZE 65536
#define BLOCK 4096
#define BROKEN 200

/* the sizes in these numbers are those of the 32-bit structures */
#define SETFLAGS_32 0x40046602
#define FICLONE 0x40049409
#define MOVE_EXT 0xc028660f
#define FSSETXATTR 0x401c5820
#define RESVSP64_32 0x402c582a
#define UNRESVSP64_32 0x402c582b
#define UNKNOWN 0x214d

struct move_extent {
	u32 reserved, donor_fd;
	u64 orig_start, donor_start, len, moved_len;
};

struct reservation {
	short l_type, l_whence;
	s64 l_start, l_len;
	u32 l_rest[6];
} __attribute__((packed));

static char bytes[2 * BLOCK] = { [0 ... 2 * BLOCK - 1] = '3' };

/* %ebp is the sixth argument, and the compiler's as well */
static int call(int number, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
	u32 last[2] = { (u32)number, f };
	int r;

	__asm__ volatile("push %%ebp\n\t"
			 "mov 4(%%eax), %%ebp\n\t"
			 "mov (%%eax), %%eax\n\t"
			 "int $0x80\n\t"
			 "pop %%ebp"
			 : "=a"(r)
			 : "a"(last), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return r;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int write_vector(int fd, u32 pos, u32 length, u32 flags)
{
	u32 iov[2] = { (u32)bytes, length };

	return call(SYS_pwritev2, fd, (u32)iov, 1, pos, 0, flags);
}

static int reserve(int fd, u32 command, u32 start)
{
	struct reservation r = { .l_start = start, .l_len = BLOCK };

	return call(SYS_ioctl, fd, command, (u32)&r, 0, 0, 0);
}

static int move_extent(int orig, int donor)
{
	struct move_extent move = { .donor_fd = donor, .len = FIT_SIZE / BLOCK };

	return call(SYS_ioctl, orig, MOVE_EXT, (u32)&move, 0, 0, 0);
}

static int copy_range(int in, int out)
{
	u64 from = 0, to = BLOCK;

	return call(SYS_copy_file_range, in, (u32)&from, out, (u32)&to, BLOCK, 0);
}

static int set_flags(int fd)
{
	u32 flags = 0x80000; /* EXT4_EXTENTS_FL, which every fit file on ext4 has */

	return call(SYS_ioctl, fd, SETFLAGS_32, (u32)&flags, 0, 0, 0);
}

static int set_xattr_flags(int fd)
{
	u32 attr[7] = { 0 };

	return call(SYS_ioctl, fd, FSSETXATTR, (u32)attr, 0, 0, 0);
}

static int by_path(const char *op, const char *path)
{
	if (same(op, "truncate"))
		return call(SYS_truncate, (u32)path, FIT_SIZE / 2, 0, 0, 0, 0);
	if (same(op, "truncate64"))
		return call(SYS_truncate64, (u32)path, FIT_SIZE / 2, 0, 0, 0, 0);
	if (same(op, "open_trunc"))
		return call(SYS_open, (u32)path, O_RDWR | O_TRUNC, 0, 0, 0, 0);
	if (same(op, "open_append"))
		return call(SYS_open, (u32)path, O_RDWR | O_APPEND, 0, 0, 0, 0);
	if (same(op, "open_rdwr"))
		return call(SYS_open, (u32)path, O_RDWR, 0, 0, 0, 0);
	return -BROKEN;
}

static int by_descriptor(const char *op, int fd, int peer)
{
	if (same(op, "ftruncate"))
		return call(SYS_ftruncate, fd, FIT_SIZE / 2, 0, 0, 0, 0);
	if (same(op, "ftruncate64"))
		return call(SYS_ftruncate64, fd, 2 * FIT_SIZE, 0, 0, 0, 0);
	if (same(op, "pwrite_in"))
		return call(SYS_pwrite64, fd, (u32)bytes, BLOCK, BLOCK, 0, 0);
	if (same(op, "pwrite_cross"))
		return call(SYS_pwrite64, fd, (u32)bytes, 2 * BLOCK, FIT_SIZE - BLOCK, 0, 0);
	if (same(op, "pwritev2_in"))
		return write_vector(fd, BLOCK, BLOCK, 0);
	if (same(op, "pwritev2_cross"))
		return write_vector(fd, FIT_SIZE - BLOCK, 2 * BLOCK, 0);
	if (same(op, "pwritev2_append"))
		return write_vector(fd, 0, BLOCK, RWF_APPEND);
	if (same(op, "punch_hole"))
		return call(SYS_fallocate, fd, PUNCH_HOLE, BLOCK, 0, BLOCK, 0);
	if (same(op, "fallocate_beyond"))
		return call(SYS_fallocate, fd, 0, FIT_SIZE, 0, BLOCK, 0);
	if (same(op, "copy_file_range_to"))
		return copy_range(peer, fd);
	if (same(op, "copy_file_range_from"))
		return copy_range(fd, peer);
	if (same(op, "ficlone_to"))
		return call(SYS_ioctl, fd, FICLONE, peer, 0, 0, 0);
	if (same(op, "ficlone_from"))
		return call(SYS_ioctl, peer, FICLONE, fd, 0, 0, 0);
	if (same(op, "move_ext_as_orig"))
		return move_extent(fd, peer);
	if (same(op, "move_ext_as_donor"))
		return move_extent(peer, fd);
	if (same(op, "setflags"))
		return set_flags(fd);
	if (same(op, "fssetxattr"))
		return set_xattr_flags(fd);
	if (same(op, "resvsp64"))
		return reserve(fd, RESVSP64_32, FIT_SIZE);
	if (same(op, "unresvsp64"))
		return reserve(fd, UNRESVSP64_32, BLOCK);
	if (same(op, "unknown_ioctl"))
		return call(SYS_ioctl, fd, UNKNOWN, 0, 0, 0, 0);
	return -BROKEN;
}

static int run(int argc, char **argv)
{
	int fd, peer = -1, r;

	if (argc < 3)
		return -BROKEN;
	r = by_path(argv[1], argv[2]);
	if (r != -BROKEN)
		return r;
	fd = call(SYS_open, (u32)argv[2], O_RDWR | O_LARGEFILE, 0, 0, 0, 0);
	if (argc > 3)
		peer = call(SYS_open, (u32)argv[3], O_RDWR | O_LARGEFILE, 0, 0, 0, 0);
	if (fd < 0 || (argc > 3 && peer < 0))
		return -BROKEN;
	return by_descriptor(argv[1], fd, peer);
}

__attribute__((used)) static void start(u32 *stack)
{
	int r = run((int)stack[0], (char **)(stack + 1));

	call(SYS_exit, r < 0 ? -r : 0, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"
	"mov %esp, %eax\n\t"
	"and $-16, %esp\n\t"
	"sub $12, %esp\n\t"
	"push %eax\n\t"
	"call start\n\t"
	"hlt\n\t"
	".section .note.GNU-stack,\"\",@progbits\n\t"
	".text\n");
