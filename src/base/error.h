// Error: what went wrong, for a program and for a person.
//
// One type serves the whole program: `code` is a stable word (AWS's code where the error reaches an
// AWS client), `message` a sentence for a person with the fix, `status` the HTTP status it becomes.
// Services make AWS errors by the generated kinds (api::<service>::errors), planes by fail():
//
//     if (!there) return errors::ParameterNotFound("Parameter x is not there.");
//
// Nearly every function can return one, so its code is compiled once (error.cc) and not in each
// file that passes it on; underway it is a pointer.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unkai {

struct Error {
    std::string code;
    std::string message;
    int status = 500;
    // Further members of AWS's error shape, by their wire names (for example BucketName).
    std::vector<std::pair<std::string, std::string>> fields;

    Error();
    Error(std::string its_code, std::string its_message, int its_status = 500,
          std::vector<std::pair<std::string, std::string>> its_fields = {});
    Error(const Error& other);
    Error(Error&& other) noexcept;
    Error& operator=(const Error& other);
    Error& operator=(Error&& other) noexcept;
    ~Error();

    bool is(std::string_view wanted) const { return code == wanted; }
    bool sender_fault() const { return status < 500; }
    Error with(std::string name, std::string value) &&;
};

// A kind of error; called with the sentence it makes the Error.
struct ErrorKind {
    const char* code;
    int status;
    Error operator()(std::string message = {}) const;
};

// Owns an Error, or nothing. Its moves are a pointer's, its ends a call.
class ErrorBox {
public:
    ErrorBox() = default;
    explicit ErrorBox(Error error);
    ErrorBox(const ErrorBox& other);
    ErrorBox(ErrorBox&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
    ErrorBox& operator=(ErrorBox other) noexcept {
        std::swap(error_, other.error_);
        return *this;
    }
    ~ErrorBox() {
        if (error_) [[unlikely]]
            erase(error_);
    }
    explicit operator bool() const { return error_ != nullptr; }
    Error& operator*() const { return *error_; }

private:
    static void erase(Error* error) noexcept;

    Error* error_ = nullptr;
};

// An error on its way into a Result of any type.
struct Unexpected {
    ErrorBox error;
};

Unexpected unexpected(Error error);

// Errors of planes and tools: code, sentence, and the status it has when it reaches an API client.
Unexpected fail(std::string code, std::string message, int status = 500);

}  // namespace unkai
