// How staging labels move between versions. Pure.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
#pragma once

#include "services/secretsmanager/schema.h"

namespace unkai::services::secretsmanager {

inline constexpr const char* current = "AWSCURRENT";
inline constexpr const char* previous = "AWSPREVIOUS";

// The version that bears this label; empty: none.
std::string version_with(const Secret& secret, const std::string& stage);
// Puts the label on that version alone. Who loses AWSCURRENT gets AWSPREVIOUS.
void move_stage(Secret& secret, const std::string& stage, const std::string& to_version);
// The ids of versions without labels that are too many: the oldest first.
std::vector<std::string> too_old(const Secret& secret, size_t most);

}  // namespace unkai::services::secretsmanager
