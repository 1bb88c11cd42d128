// Precompiled for every target: only what nearly every file includes anyway. A change of a header
// of ours in here rebuilds everything.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/shape.h"
#include "base/strings.h"
#include "rt/task.h"
