#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace unkai {

void check_failed(const char* file, int line, const char* condition, const char* text) {
    std::fprintf(stderr, "unkai: bug at %s:%d: CHECK(%s) failed. %s\n", file, line, condition,
                 text);
    std::abort();
}

}  // namespace unkai
