// Token buckets. Pure: the clock is given.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
#pragma once

#include <algorithm>

#include "planes/gateway/snapshot.h"
#include "rt/wait.h"

namespace unkai::planes::gateway {

class TokenBucket {
public:
    // One request now: false when there is no token left. A limit that changes takes effect at
    // once.
    bool take(const ThrottleLimit& limit, Steady now) {
        if (!limit.given()) return true;
        const double burst = limit.burst >= 0 ? limit.burst : std::max(1.0, limit.rate);
        if (fresh_) {
            tokens_ = burst;
        } else if (limit.rate >= 0) {
            const double seconds = std::chrono::duration<double>(now - last_).count();
            tokens_ = std::min(burst, tokens_ + seconds * limit.rate);
        }
        fresh_ = false;
        last_ = now;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    double tokens_ = 0;
    Steady last_{};
    bool fresh_ = true;
};

}  // namespace unkai::planes::gateway
