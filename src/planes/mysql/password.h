// The answers of MySQL's login plugins. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::planes::mysql {

// For wire::mysql::Login::answer. Error MySqlLogin: a plugin that is not spoken here.
Result<std::string> answer_login(std::string_view password, std::string_view plugin,
                                 std::string_view nonce);

}  // namespace unkai::planes::mysql
