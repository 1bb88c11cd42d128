// Where things are: for latency and geolocation records, which need to know where the client is.
// This installation is one place, that of its region, and so are all who ask it. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "services/route53/schema.h"

namespace unkai::services::route53 {

// For planes::dns::Policy::ranked. Latency is taken for distance on the globe: 0 the same region,
// 254 the other side of it (or a region that nobody knows).
uint8_t latency_rank(std::string_view home, std::string_view region);

// 0 subdivision, 1 country, 2 continent, 3 everywhere ("*"); never_answered when clients of `home`
// are not at `place`. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/
// routing-policy-geo.html: the smallest region wins.
uint8_t place_rank(std::string_view home, const Place& place);

}  // namespace unkai::services::route53
