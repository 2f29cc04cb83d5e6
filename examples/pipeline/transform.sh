set -e
awk -F, '{sum[$1] += $2} END {for (name in sum) print name "," sum[name]}' "work/$LAMPLIGHTER_RUN.raw" \
    | sort > "work/$LAMPLIGHTER_RUN.sums"
echo "added them up: $(wc -l < "work/$LAMPLIGHTER_RUN.sums") products"
