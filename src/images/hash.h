// SHA-256, piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace unkai::images {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    void add(std::string_view bytes);
    // Text with its length before it, so that neighbours cannot be mistaken for one another.
    void add_field(std::string_view text);
    std::string hex();  // Once, at the end.

private:
    evp_md_ctx_st* context_;
};

std::string sha256_of(std::string_view bytes);  // Hexadecimal.

}  // namespace unkai::images
