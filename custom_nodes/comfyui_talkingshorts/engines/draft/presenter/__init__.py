"""The drawn presenter: ink draws, backdrop/clothes/hair/face say what, puppet moves it."""
