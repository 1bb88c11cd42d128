// Lines for the person who runs Unkai: one line an event, to standard error.
//
//     log::info("listening", {{"address", address}});
//     → 2026-11-22T00:36:07.123Z info  listening address=127.0.0.1:4566
//
// Never log a secret: keys, passwords, tokens and Authorization headers stay out.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace unkai::log {

enum class Level { debug, info, warn, error };
using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

void set_level(Level least);  // info unless told.
bool enabled(Level level);
void write(Level level, std::string_view event, Fields fields = {});

inline void debug(std::string_view event, Fields fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace unkai::log
