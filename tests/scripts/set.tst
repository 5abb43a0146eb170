# After create.tst. Setting prints nothing, so some values are read back.
set /test new_parent
set /test/k1 1
set /test/k2 2
set /test/k3 3
set /test/k4 4
set /test/k5 5
set /test/k6 6
set /test/k7 7
set /test/k8 8
set /test/k9 9
set /test/k10 10
set /test/k11 11
set /test/k12 12
set /test/k13 13
set /test/k14 14
set /test/k15 15
set /test/k16 16
set /test/k17 17
set /test/k18 18
set /test/k19 19
set /test/k20 20
set /test/k21 21
set /test/k22 22
set /test/k23 23
set /test/k24 24
set /test/k25 25
set /test/k26 26
get /test
get /test/k1
get /test/k26
