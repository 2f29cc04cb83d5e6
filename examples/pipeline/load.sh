set -e
# A run that is started again must not appear in the report twice.
touch report.csv
grep -v "^$LAMPLIGHTER_RUN," report.csv > "work/$LAMPLIGHTER_RUN.report" || true
sed "s/^/$LAMPLIGHTER_RUN,/" "work/$LAMPLIGHTER_RUN.sums" >> "work/$LAMPLIGHTER_RUN.report"
mv "work/$LAMPLIGHTER_RUN.report" report.csv
echo "the report has $(wc -l < report.csv) lines"
