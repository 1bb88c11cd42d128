#include "services/route53/places.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "planes/dns/policy.h"

namespace unkai::services::route53 {

namespace {

struct RegionPlace {
    std::string_view region, continent, country, subdivision;
    double latitude, longitude;
};

// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html; coordinates of
// the city or state that names the region.
constexpr RegionPlace region_places[] = {
    {"us-east-1", "NA", "US", "VA", 38.9, -77.4},
    {"us-east-2", "NA", "US", "OH", 40.0, -83.0},
    {"us-west-1", "NA", "US", "CA", 37.4, -121.9},
    {"us-west-2", "NA", "US", "OR", 45.8, -119.7},
    {"ca-central-1", "NA", "CA", "", 45.5, -73.6},
    {"ca-west-1", "NA", "CA", "", 51.0, -114.1},
    {"mx-central-1", "NA", "MX", "", 20.6, -100.4},
    {"sa-east-1", "SA", "BR", "", -23.5, -46.6},
    {"eu-west-1", "EU", "IE", "", 53.3, -6.3},
    {"eu-west-2", "EU", "GB", "", 51.5, -0.1},
    {"eu-west-3", "EU", "FR", "", 48.9, 2.4},
    {"eu-central-1", "EU", "DE", "", 50.1, 8.7},
    {"eu-central-2", "EU", "CH", "", 47.4, 8.5},
    {"eu-north-1", "EU", "SE", "", 59.3, 18.1},
    {"eu-south-1", "EU", "IT", "", 45.5, 9.2},
    {"eu-south-2", "EU", "ES", "", 41.6, -0.9},
    {"il-central-1", "AS", "IL", "", 32.1, 34.8},
    {"me-south-1", "AS", "BH", "", 26.1, 50.6},
    {"me-central-1", "AS", "AE", "", 24.5, 54.4},
    {"af-south-1", "AF", "ZA", "", -33.9, 18.4},
    {"ap-south-1", "AS", "IN", "", 19.1, 72.9},
    {"ap-south-2", "AS", "IN", "", 17.4, 78.5},
    {"ap-east-1", "AS", "HK", "", 22.3, 114.2},
    {"ap-southeast-1", "AS", "SG", "", 1.4, 103.8},
    {"ap-southeast-2", "OC", "AU", "", -33.9, 151.2},
    {"ap-southeast-3", "AS", "ID", "", -6.2, 106.8},
    {"ap-southeast-4", "OC", "AU", "", -37.8, 145.0},
    {"ap-southeast-5", "AS", "MY", "", 3.1, 101.7},
    {"ap-southeast-7", "AS", "TH", "", 13.8, 100.5},
    {"ap-northeast-1", "AS", "JP", "", 35.7, 139.7},
    {"ap-northeast-2", "AS", "KR", "", 37.6, 127.0},
    {"ap-northeast-3", "AS", "JP", "", 34.7, 135.5},
    {"cn-north-1", "AS", "CN", "", 39.9, 116.4},
    {"cn-northwest-1", "AS", "CN", "", 37.5, 105.2},
};

const RegionPlace* find_place(std::string_view region) {
    const auto* const found = std::ranges::find(region_places, region, &RegionPlace::region);
    return found == std::end(region_places) ? nullptr : found;
}

// Great-circle distance as a share of half the globe's circumference.
double distance(const RegionPlace& a, const RegionPlace& b) {
    constexpr double degree = std::numbers::pi / 180;
    const double latitudes = std::sin((b.latitude - a.latitude) * degree / 2);
    const double longitudes = std::sin((b.longitude - a.longitude) * degree / 2);
    const double square = latitudes * latitudes + std::cos(a.latitude * degree) *
                                                      std::cos(b.latitude * degree) * longitudes *
                                                      longitudes;
    return 2 * std::asin(std::sqrt(std::min(1.0, square))) / std::numbers::pi;
}

}  // namespace

uint8_t latency_rank(std::string_view home, std::string_view region) {
    constexpr double farthest = planes::dns::never_answered - 1;
    if (home == region) return 0;
    const RegionPlace* here = find_place(home);
    const RegionPlace* there = find_place(region);
    if (here == nullptr || there == nullptr) return static_cast<uint8_t>(farthest);
    return static_cast<uint8_t>(std::clamp(distance(*here, *there) * farthest, 1.0, farthest));
}

uint8_t place_rank(std::string_view home, const Place& place) {
    if (place.country == "*") return 3;
    const RegionPlace* here = find_place(home);
    if (here == nullptr) return planes::dns::never_answered;
    if (!place.subdivision.empty())
        return place.country == here->country && place.subdivision == here->subdivision
                   ? 0
                   : planes::dns::never_answered;
    if (!place.country.empty())
        return place.country == here->country ? 1 : planes::dns::never_answered;
    return place.continent == here->continent ? 2 : planes::dns::never_answered;
}

}  // namespace unkai::services::route53
