// CHECK: a statement that must hold, kept on in release builds.
//
// A broken CHECK is a bug of ours, never bad input: bad input is a Result (base/result.h).
// It prints file, line, the condition and the text, and aborts. The store has acknowledged nothing
// that is not on disk, so that a restart loses nothing.
#pragma once

namespace unkai {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* text = "");

}  // namespace unkai

#define CHECK(condition, ...)                                                                 \
    do {                                                                                      \
        if (!(condition)) [[unlikely]]                                                        \
            ::unkai::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
    } while (0)
