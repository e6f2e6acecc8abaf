module example.com/message-center-examples

go 1.24
