/* SPDX-License-Identifier: CC0-1.0 */
/*
 * From C++: a handle that frees itself, a file that is sealed as long as an
 * object lives.
 *
 *   seal FILE
 *
 * Needs root. Says why a file cannot be sealed.
 */
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "staticdax.h"

struct Free {
	void operator()(struct staticdax *sd) const { staticdax_free(sd); }
};
using Handle = std::unique_ptr<struct staticdax, Free>;

static Handle open_handle()
{
	struct staticdax *sd;
	int r = staticdax_new(&sd);

	if (r < 0)
		throw std::runtime_error(std::strerror(-r));
	return Handle(sd);
}

class Seal {
public:
	Seal(const Handle &handle, const std::string &path)
		: handle(handle), path(path)
	{
		struct staticdax_options options = STATICDAX_INIT(staticdax_options);
		struct staticdax_result result = STATICDAX_INIT(staticdax_result);
		char why[512];

		if (staticdax_seal(handle.get(), path.c_str(), &options, &result) < 0) {
			staticdax_explain(&result, why, sizeof(why));
			throw std::runtime_error(why);
		}
	}
	~Seal()
	{
		struct staticdax_result result = STATICDAX_INIT(staticdax_result);

		staticdax_unseal(handle.get(), path.c_str(), 0, &result);
	}
	Seal(const Seal &) = delete;
	Seal &operator=(const Seal &) = delete;

private:
	const Handle &handle;
	const std::string path;
};

int main(int argc, char **argv)
{
	if (argc != 2) {
		std::cerr << "Usage: " << argv[0] << " FILE\n";
		return 2;
	}
	try {
		Handle handle = open_handle();
		Seal seal(handle, argv[1]);

		std::cout << argv[1] << ": "
			  << (daxctl(argv[1], DAXCTL_F_GET, 0) == DAXCTL_F_STATIC ?
			      "sealed" : "not sealed") << "\n";
	} catch (const std::exception &e) {
		std::cerr << argv[1] << ": " << e.what() << "\n";
		return 1;
	}
	return 0;
}
