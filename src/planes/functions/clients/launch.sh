# What starts in a sandbox before its function is known, for runtimes that bring their own client:
# it waits for the word, and becomes the function's bootstrap.
read -r word < /run/lambda/go
. /run/lambda/start.sh
