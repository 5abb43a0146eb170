# After create.tst.
list /
list /test
list /test/k12
